// With JavaScript, what a form comes to follows the form by itself. Without it, its button does the
// same: nothing here is needed.

const AFTER = 250; // milliseconds without a change

for (const form of document.querySelectorAll("form[data-live]")) {
  const place = document.getElementById(form.dataset.live);
  let timer;
  let running;
  // What is done by them is what is shown: they wait for the figures.
  const settled = form.querySelectorAll("[data-settled]");

  async function ask() {
    running?.abort();
    running = new AbortController();
    place.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.dataset.fragment, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        signal: running.signal,
      });
      if (answer.redirected) {
        // Nobody is logged in any more: back to this very page after that.
        const here = encodeURIComponent(location.pathname + location.search);
        location.assign(`/console/login?next=${here}`);
      } else if (answer.ok) {
        place.innerHTML = await answer.text();
        mark();
        for (const button of settled) button.disabled = false;
      } else {
        say(`The figures could not be had (${answer.status}).`);
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      say("The figures could not be had.");
    }
    place.removeAttribute("aria-busy");
  }

  // What the form comes to is not known: its button shows it, or why not.
  function say(what) {
    const line = document.createElement("p");
    line.className = "heed";
    line.setAttribute("role", "status");
    line.textContent = `${what} Change something, or use the button of the form.`;
    place.replaceChildren(line);
    for (const button of settled) button.disabled = false;
  }

  form.addEventListener("input", () => {
    // An answer that is under way is of another form, too.
    running?.abort();
    // What stands there belongs to another form by now, and must not be confirmed.
    for (const button of [...place.querySelectorAll("button"), ...settled]) button.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(ask, AFTER);
  });
}

let marks = 0;

// What was refused is marked where it stands, and is a way to it.
function mark() {
  for (const marked of document.querySelectorAll("[aria-invalid]")) {
    marked.removeAttribute("aria-invalid");
    marked.removeAttribute("aria-describedby");
  }
  for (const fault of document.querySelectorAll("[data-input]")) {
    const named = [...document.getElementsByName(fault.dataset.input)];
    const inputs = named.filter((input) => input.type !== "hidden");
    // The same name in two forms does not say which of them was sent.
    if (new Set(inputs.map((input) => input.form)).size !== 1) continue;
    const input = inputs[Number(fault.dataset.row)];
    if (!input) continue;
    marks += 1;
    fault.id = `fault-${marks}`;
    input.id ||= `refused-${marks}`;
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", fault.id);
    const link = document.createElement("a");
    link.href = `#${input.id}`;
    link.textContent = fault.querySelector("strong").textContent;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      for (let it = input.closest("details"); it; it = it.parentElement.closest("details")) it.open = true;
      input.focus();
    });
    fault.querySelector("strong").replaceChildren(link);
  }
}

mark();
