/**
 * Cases of one study, which hang together; a case that names no study hangs alone.
 * @returns list of {key, name, when, patient, study, cases}; ``when`` is empty where it is not known to be an earlier one.
 */
function examsOf(cases) {
  const exams = new Map();
  cases.forEach((entry, index) => {
    const isNamed = entry.patient || entry.study;
    const key = isNamed ? JSON.stringify([entry.patient, entry.study]) : `case ${index}`;
    if (!exams.has(key)) exams.set(key, { key, patient: entry.patient, study: entry.study, cases: [] });
    exams.get(key).cases.push({ ...entry, key: `case ${index}` });
  });
  for (const exam of exams.values()) {
    exam.name = exam.cases.length === 1 ? exam.cases[0].id : [exam.patient, exam.study].filter(Boolean).join(' / ');
    const days = exam.cases[0].daysEarlier;
    exam.when = days === null ? '' : `${days} ${days === 1 ? 'day' : 'days'} earlier`;
  }
  return [...exams.values()];
}
