/** Opens the cases of the page. */
(() => {
  const report = JSON.parse(byId('report-data').textContent);
  const viewer = new Viewer(examsOf(report.cases));

  function texts(entry) {
    return [entry.label, entry.caption].filter(Boolean).join(' · ');
  }

  function listExams() {
    const buttons = viewer.exams.map((exam, index) => {
      const button = element('button');
      button.type = 'button';
      for (const entry of exam.cases) {
        const line = element('span', 'case-line', entry.id);
        if (entry.label) line.append(element('span', `pill ${entry.label.startsWith('malignant') ? 'malignant' : 'other'}`, entry.label));
        if (entry.caption) line.append(element('small', '', entry.caption));
        button.append(line);
      }
      button.addEventListener('click', () => viewer.open(index));
      return button;
    });
    byId('case-list').replaceChildren(...buttons);
  }

  viewer.opened = () => {
    const exam = viewer.exams[viewer.current];
    const said = exam.cases.length === 1 ? texts(exam.cases[0]) : exam.cases.map((entry) => `${entry.id}: ${texts(entry)}`).join('; ');
    const beside = viewer.beside ? `; beside it: ${viewer.beside.when || viewer.beside.name}` : '';
    byId('case-title').replaceChildren(exam.name, exam.when && ` (${exam.when})`, ' ', element('span', '', said + beside));
    [...byId('case-list').children].forEach((button, index) => button.setAttribute('aria-current', String(index === viewer.current)));
    listOthers(viewer);
  };

  if (report.cases.length) {
    listExams();
    bindToolbar(viewer);
    byId('beside').addEventListener('input', (event) => viewer.openBeside(viewer.others[event.target.value] || null));
    viewer.open(0);
    bindActions(viewer);
  }
})();
