// Passkeys: asks the server what to sign and a device to sign it, then lets the browser post the form with the answer.
(() => {
  const bytes = (words) =>
    Uint8Array.from(atob(words.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const words = (buffer) =>
    buffer &&
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replaceAll("=", "");

  const begin = async (address, fields) => {
    const response = await fetch(address, {
      method: "POST",
      headers: fields ? { "Content-Type": "application/json" } : {},
      body: fields && JSON.stringify(fields),
    });
    const told = await response.json().catch(() => ({}));
    if (told.field === "current_password") throw new Error("Your present password is wrong.");
    if (!response.ok) throw new Error(told.detail || `The server answered ${response.status}.`);
    return told.options;
  };

  const ask = async (kind, options) => {
    options.challenge = bytes(options.challenge);
    for (const one of [...(options.excludeCredentials || []), ...(options.allowCredentials || [])])
      one.id = bytes(one.id);
    if (options.user) options.user.id = bytes(options.user.id);
    const made = await navigator.credentials[kind]({ publicKey: options });
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (made.response[name]) response[name] = words(made.response[name]);
    return { id: made.id, rawId: words(made.rawId), type: made.type, response };
  };

  // What browsers throw is no sentence for people.
  const why = (error, kind) => {
    if (error.name === "InvalidStateError") return "This device holds a passkey of yours already.";
    if (error.name === "NotAllowedError") return "Nothing was done: the question was closed, or it took too long.";
    if (error.name === "SecurityError") return "Passkeys do not work at this address. Open the app at its own.";
    if (error.name === "TypeError" && !navigator.credentials)
      return "This browser has no passkeys, or the address is not https.";
    return error instanceof DOMException || error.name === "TypeError"
      ? `The passkey could not be ${kind === "create" ? "made" : "used"}. Please try again.`
      : error.message;
  };

  addEventListener(
    "submit",
    async (event) => {
      const form = event.target;
      const frame = form.closest("[data-passkey]");
      if (!frame) return;
      event.preventDefault();
      if (frame.dataset.busy) return;
      frame.dataset.busy = "yes";
      const kind = frame.dataset.passkey;
      const problem = form.querySelector("[data-passkey-problem]");
      problem.textContent = "";
      try {
        const only = [...form.querySelectorAll("[data-begin]")];
        const fields = only.length ? Object.fromEntries(only.map((one) => [one.name, one.value])) : null;
        const prove = frame.dataset.proveAt;
        if (prove) fields.credential = await ask("get", await begin(prove, null));
        const answer = await ask(kind, await begin(frame.dataset.beginAt, fields));
        form.elements.credential.value = JSON.stringify(answer);
        for (const one of only) one.disabled = true; // a password goes nowhere else
        form.submit();
      } catch (error) {
        problem.textContent = why(error, kind);
      } finally {
        delete frame.dataset.busy;
      }
    },
    true,
  );
})();
