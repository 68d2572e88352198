// Search in the reference: what does not hold every word is put away, in the contents and in the page. Copies examples.

const search = document.querySelector(".search");
const input = search.querySelector("input");
const found = document.getElementById("found");
const sections = [...document.querySelectorAll("main > section")];
const rows = [...document.querySelectorAll("main > table tbody tr")];
const texts = new Map([...sections, ...rows].map((part) => [part, part.textContent.toLowerCase()]));

function show() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const [part, text] of texts) {
    part.hidden = !words.every((word) => text.includes(word));
    if (!part.hidden && words.length) count++;
  }
  for (const item of document.querySelectorAll(".contents li")) {
    const target = document.getElementById(decodeURIComponent(item.querySelector("a").hash.slice(1)));
    item.hidden = Boolean(target && target.closest("section") && target.closest("section").hidden);
  }
  found.textContent = words.length ? (count === 1 ? "1 place" : count + " places") : "";
}

search.hidden = false;
input.addEventListener("input", show);
addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.target.matches("input") && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    input.focus();
  } else if (event.key === "Escape" && event.target === input) {
    input.value = "";
    show();
  }
});
// A link to what a search has put away shows it again.
addEventListener("hashchange", () => {
  if (!document.querySelector("[hidden] :target, [hidden]:target")) return;
  input.value = "";
  show();
  document.querySelector(":target").scrollIntoView();
});
// On a phone the contents are folded until they are wanted.
if (matchMedia("(max-width: 899px)").matches) document.querySelector(".contents details").open = false;

if (navigator.clipboard) {
  for (const figure of document.querySelectorAll("figure")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(figure.querySelector("pre").textContent);
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    figure.querySelector("figcaption").append(button);
  }
}
