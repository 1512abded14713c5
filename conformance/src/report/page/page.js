// Shows the cases whose verdict is ticked and whose name or requirements hold every word that was typed.
const form = document.querySelector(".filter");
const rows = [...document.querySelectorAll(".case")];
function filter() {
  const ticked = new Set([...form.querySelectorAll(":checked")].map((box) => box.value));
  const words = form.querySelector("[type=search]").value.toLowerCase().split(/\s+/);
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !ticked.has(row.dataset.verdict) || !words.every((word) => text.includes(word));
  }
  const shown = rows.filter((row) => !row.hidden).length;
  form.querySelector("output").textContent = `${shown} of ${rows.length} shown`;
}
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
filter();
