// Hides a number again after a minute, and at once when somebody leaves the page.
(() => {
  "use strict";
  const box = document.getElementById("waarde");
  const value = box.querySelector("[data-value]");
  const hide = () => {
    value.textContent = box.dataset.masked;
    box.querySelector("[data-before]").hidden = true;
    const after = box.querySelector("[data-after]");
    after.textContent = after.dataset.text;
  };
  setTimeout(hide, Number(box.dataset.seconds) * 1000);
  addEventListener("pagehide", hide);
})();
