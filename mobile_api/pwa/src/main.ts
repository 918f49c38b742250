import { mount } from "svelte";
import App from "./App.svelte";
import "./look/tokens.css";
import "./look/base.css";
import "./look/parts.css";
import "./look/screens.css";
import { core } from "./screens/core.svelte";
import { dress } from "./screens/prefs.svelte";

if (!window.isSecureContext) {
  // Over plain HTTP (a trial in the ward's own network) a browser gives neither encryption nor a worker:
  // the plain page with tonight's doors serves there.
  location.replace("/m/tuyen");
} else {
  void dress().then(() => {
    const target = document.getElementById("app");
    if (target) mount(App, { target });
  });
  void core.start();
}
