'use strict';
/** What the scripts of the page share. */
const byId = (id) => document.getElementById(id);
const percent = (part, whole) => `${(100 * part) / whole}%`;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** Shows the controls of a class, or hides them. */
function showControls(className, are) {
  document.querySelectorAll(`.${className}`).forEach((control) => { control.hidden = !are; });
}
