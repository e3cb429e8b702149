// Warns two minutes before a session ends, and lets it go on. Asking how long it goes on does not make it longer.
(() => {
  "use strict";
  const box = document.getElementById("sessie");
  if (!box) return;
  const dialog = box.querySelector("dialog");
  const goOn = box.querySelector("form[data-go-on]");
  const said = box.querySelector("[data-said]");
  const warnBefore = Number(box.dataset.warn);
  const AGAIN = 15; // seconds, while the warning is there: another tab may have gone on
  let timer = 0;
  let endsAt = Date.now() + Number(box.dataset.seconds) * 1000;
  let isClosed = false;

  const wait = (seconds) => {
    clearTimeout(timer);
    timer = setTimeout(look, Math.max(1, Math.min(seconds, 86400)) * 1000);
  };

  // Whoever is logged out must not leave a page with personal data on the screen.
  const leave = () => location.assign(location.pathname + location.search);

  const show = (state) => {
    endsAt = Date.now() + state.seconds * 1000;
    for (const place of box.querySelectorAll("[data-until]")) place.textContent = state.until;
    goOn.hidden = !state.canGoOn;
    box.querySelector("[data-last]").hidden = state.canGoOn;
    if (state.seconds > warnBefore) {
      if (dialog.open) dialog.close();
      isClosed = false;
      wait(state.seconds - warnBefore);
      return;
    }
    if (!dialog.open && !isClosed) dialog.showModal();
    wait(Math.min(AGAIN, state.seconds + 1));
  };

  const ask = async (options) => {
    const answer = await fetch(box.dataset.state, {
      redirect: "manual", cache: "no-store", headers: { Accept: "application/json" }, ...options,
    });
    if (answer.type === "opaqueredirect") return leave(); // logged out
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  };

  async function look() {
    try {
      const state = await ask({});
      if (state) show(state);
    } catch {
      if (Date.now() < endsAt) wait(AGAIN); // no connection, or a fault: keep what is being typed
      else leave();
    }
  }

  goOn.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const state = await ask({ method: "POST", body: new FormData(goOn) });
      if (!state) return;
      dialog.close();
      said.textContent = `${said.dataset.text} ${state.until}.`;
      show(state);
    } catch {
      goOn.submit();
    }
  });
  const close = () => {
    isClosed = true; // it does not come back for the same end
  };
  dialog.addEventListener("cancel", close);
  dialog.querySelector("form[method=dialog]").addEventListener("submit", close);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  wait(Number(box.dataset.seconds) - warnBefore);
})();
