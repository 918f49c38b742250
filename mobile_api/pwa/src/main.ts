import { mount } from "svelte";
import App from "./App.svelte";
import "./look/tokens.css";
import "./look/base.css";
import "./look/parts.css";
import "./look/screens.css";
import { core } from "./screens/core.svelte";
import { dress } from "./screens/prefs.svelte";

void dress().then(() => {
  const target = document.getElementById("app");
  if (target) mount(App, { target });
});
void core.start();
