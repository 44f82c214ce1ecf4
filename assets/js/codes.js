// The coupon page's hands: sends a file of codes to its pool and says what the server answered.
(() => {
  let answer = null;
  window.codesFile = {
    async send(pool) {
      const field = document.getElementById("codes-file");
      const file = field?.files?.[0];
      if (!file) return;
      const form = new FormData();
      form.append("pool_id", pool);
      form.append("file", file);
      try {
        const response = await fetch("/api/v1/coupon-pools/file", { method: "POST", body: form });
        answer = await response.json().catch(() => ({ detail: `The server answered ${response.status}.` }));
      } catch {
        answer = { detail: "The connection was lost. Send the file again: known codes are left alone." };
      }
      if (field) field.value = "";
      document.getElementById("codes-ended")?.click();
    },
    answer: () => answer,
  };
})();
