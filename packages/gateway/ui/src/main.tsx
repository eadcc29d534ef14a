/** Starts the page once the gateway has said what it is. */
import { render } from "preact";
import { App } from "./app.tsx";
import { loadSettings } from "./settings.ts";
import "./styles/base.css";
import "./styles/layout.css";
import "./styles/composer.css";
import "./styles/track.css";
import "./styles/stage.css";
import "./styles/filmstrip.css";
import "./styles/details.css";

const root = document.getElementById("app") as HTMLElement;

loadSettings().then(
  (settings) => render(<App settings={settings} />, root),
  () => {
    root.innerHTML = `<p class="unreachable" role="alert"><strong>The gateway does not answer.</strong>
      Start it with <code>npm start</code>, then reload this page.</p>`;
  },
);
