// Passkeys (Web Authentication level 3): carries the question of the site to the device, and its answer back.
// A form with data-passkey="get" or "create" is shown where the browser knows passkeys. The button asks
// data-question for the question, and the answer goes with the form. Passkeys count at one address only, that of
// data-origin: read at another one, the page leads there. Without this script nothing of it is shown.
"use strict";
(() => {
  const toBytes = text => Uint8Array.from(
    atob(text.replace(/-/g, "+").replace(/_/g, "/")), sign => sign.charCodeAt(0));
  const toText = bytes => btoa(Array.from(new Uint8Array(bytes), byte => String.fromCharCode(byte)).join(""))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = list => (list || []).map(one => ({ ...one, id: toBytes(one.id) }));

  const ask = {
    get: async question => {
      const made = await navigator.credentials.get({ publicKey: {
        ...question, challenge: toBytes(question.challenge), allowCredentials: named(question.allowCredentials),
      } });
      return packed(made, {
        authenticatorData: toText(made.response.authenticatorData),
        signature: toText(made.response.signature),
        userHandle: made.response.userHandle ? toText(made.response.userHandle) : undefined,
      });
    },
    create: async question => {
      const made = await navigator.credentials.create({ publicKey: {
        ...question, challenge: toBytes(question.challenge), excludeCredentials: named(question.excludeCredentials),
        user: { ...question.user, id: toBytes(question.user.id) },
      } });
      return packed(made, {
        attestationObject: toText(made.response.attestationObject),
        transports: made.response.getTransports ? made.response.getTransports() : [],
      });
    },
  };
  const packed = (made, response) => ({
    id: made.id, rawId: toText(made.rawId), type: made.type,
    clientExtensionResults: made.getClientExtensionResults(),
    response: { clientDataJSON: toText(made.response.clientDataJSON), ...response },
  });

  const start = async form => {
    const answer = await fetch(form.dataset.question, {
      method: "POST", body: new FormData(form), redirect: "manual", headers: { Accept: "application/json" },
    });
    if (answer.type === "opaqueredirect") {
      location.assign(location.pathname + location.search); // logged out meanwhile: the page says so
      return;
    }
    const question = await answer.json();
    if (!answer.ok) throw Object.assign(new Error("refused"), { detail: question.detail });
    form.elements.passkey.value = JSON.stringify(await ask[form.dataset.passkey](question));
    form.submit();
  };

  const explain = (form, error) => {
    const words = form.dataset;
    const told = error.detail || (error.name === "NotAllowedError" ? words.stopped
      : error.name === "InvalidStateError" && words.known);
    form.querySelector("[data-told]").textContent = told || words.failed;
  };

  const prepare = form => {
    form.hidden = false;
    form.addEventListener("submit", async event => {
      event.preventDefault();
      const button = form.querySelector("button");
      if (button.getAttribute("aria-busy") === "true") return;
      button.setAttribute("aria-busy", "true");
      form.querySelector("[data-told]").textContent = "";
      try {
        await start(form);
      } catch (error) {
        explain(form, error);
      } finally {
        button.removeAttribute("aria-busy");
      }
    });
  };

  const works = Boolean(window.PublicKeyCredential && navigator.credentials);
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (works && form.dataset.origin === location.origin) prepare(form);
    else if (works) form.parentElement.querySelector("[data-passkey-elsewhere]").hidden = false;
  }
  for (const part of document.querySelectorAll("[data-passkey-works]")) part.hidden = !works;
  for (const part of document.querySelectorAll("[data-passkey-fails]")) part.hidden = works;
})();
