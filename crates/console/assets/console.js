// With JavaScript, what a form comes to follows the form by itself. Without it, its button does the
// same: nothing here is needed.

const AFTER = 250; // milliseconds without a change

for (const form of document.querySelectorAll("form[data-live]")) {
  const place = document.getElementById(form.dataset.live);
  let timer;
  let running;

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
        location.assign(answer.url);
      } else if (answer.ok) {
        place.innerHTML = await answer.text();
      }
      place.removeAttribute("aria-busy");
    } catch (error) {
      if (error.name !== "AbortError") place.removeAttribute("aria-busy");
    }
  }

  form.addEventListener("input", () => {
    // What stands there belongs to another form by now, and must not be confirmed.
    for (const button of place.querySelectorAll("button")) button.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(ask, AFTER);
  });
}
