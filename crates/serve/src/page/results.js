// The results table and the charts.

import { ask } from "./asking.js";
import { element } from "./words.js";

/** Fills the table; what cannot be read is said in its place. */
export async function showTable() {
  const table = document.getElementById("table");
  try {
    const { columns, rows } = await ask("api/results");
    if (rows.length === 0) {
      table.replaceChildren(element("caption", "", "There are no results yet."));
      return;
    }
    const head = element("tr");
    head.append(...columns.map((column) => heading(column, "col")));
    const body = rows.map(([name, ...cells]) => {
      const row = element("tr");
      row.append(heading(name, "row"), ...cells.map((cell) => element("td", "", cell)));
      return row;
    });
    table.createTHead().replaceChildren(head);
    (table.tBodies[0] ?? table.createTBody()).replaceChildren(...body);
  } catch (error) {
    table.replaceChildren(element("caption", "", `The results cannot be shown: ${error.message}`));
  }
}

/** Shows all charts. */
export async function showCharts() {
  const figures = document.getElementById("figures");
  try {
    const charts = await ask("api/charts");
    figures.replaceChildren(...charts.map(figure));
    if (charts.length === 0) {
      figures.textContent = "There are no charts yet.";
    }
  } catch (error) {
    figures.textContent = `The charts cannot be shown: ${error.message}`;
  }
}

function heading(text, scope) {
  const made = element("th", "", text);
  made.scope = scope;
  return made;
}

function figure({ name, title }) {
  const made = element("figure");
  // So that the arrow keys move what is wider than the screen.
  made.tabIndex = 0;
  const link = element("a");
  link.href = `charts/${encodeURIComponent(name)}`;
  const image = element("img");
  Object.assign(image, { src: link.href, alt: title });
  link.append(image);
  made.append(link);
  return made;
}
