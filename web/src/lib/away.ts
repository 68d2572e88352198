// Has the browser keep what is shown where the server is away when a page is opened (public/sw.js).

export function keepWatch(): void {
  // Not while it is developed: there the server is another one. Nor where the browser has none, as over plain HTTP.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  // Without it the page is as it is but for that: nothing to tell.
  navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(() => {});
}
