/** "Add to the home screen": what this browser offers for it. */

interface InstallPrompt extends Event {
  prompt(): Promise<{ outcome: "accepted" | "dismissed" }>;
}

let offer: InstallPrompt | null = $state.raw(null);
const agent = navigator.userAgent;

/** `prompt`: the browser asks by itself; `ios`: through the Share button; `menu`: through the browser's menu. */
export const install = {
  get way(): "prompt" | "ios" | "menu" {
    if (offer) return "prompt";
    return /iPhone|iPad|iPod/.test(agent) ? "ios" : "menu";
  },
};

/** The browser inside another app: it keeps nothing for long and offers no home screen. */
export const insideApp = /Zalo|FBAN|FBAV|FB_IAB|Instagram|Line\/|TikTok|BytedanceWebview|; wv\)/.test(agent);

export async function ask(): Promise<void> {
  await offer?.prompt();
  offer = null;
}

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event as InstallPrompt;
});
addEventListener("appinstalled", () => (offer = null));
