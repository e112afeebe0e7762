import com.pixelmed.validate.DicomSRValidator;

/** Validates several structured reports in one virtual machine; the program of the package takes one file a start. */
class ValidateReports {
    public static void main(String[] paths) throws Exception {
        DicomSRValidator validator = new DicomSRValidator();
        for (String path : paths) {
            System.out.println("\nFILE " + path);
            System.out.println(validator.validate(path));
        }
    }
}
