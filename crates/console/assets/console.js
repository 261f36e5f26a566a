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
    // What stands there belongs to another form by now, and must not be confirmed.
    for (const button of [...place.querySelectorAll("button"), ...settled]) button.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(ask, AFTER);
  });
}
