// Two things the server cannot decide: that it has fallen silent, and that the operator wants the screen to hold still.
(() => {
  "use strict";
  const live = document.getElementById("live");
  const pause = document.getElementById("pause");
  const paused = document.getElementById("paused");
  const silent = document.getElementById("silent");
  const silentText = silent.querySelector("p");
  const silenceAfter = 1000 * Number(live.dataset.silence);
  let heard = performance.now();
  let holding = false;

  const clock = (date) => date.toISOString().slice(11, 19);

  const refresh = () =>
    htmx.ajax("GET", live.dataset.fragment, { source: "#screen", target: "#screen", swap: "morph:innerHTML" });

  const show = () => {
    const isSilent = performance.now() - heard > silenceAfter;
    if (isSilent !== silent.hidden) return;
    const since = new Date(Date.now() - (performance.now() - heard));
    silentText.textContent = isSilent ? silentText.dataset.text.replace("{time}", clock(since)) : "";
    silent.hidden = !isSilent;
    document.documentElement.classList.toggle("is-silent", isSilent);
  };

  document.body.addEventListener("htmx:sseBeforeMessage", (event) => {
    heard = performance.now();
    show();
    if (holding) event.preventDefault();
  });

  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) {
      heard = performance.now();
      show();
    }
  });

  pause.hidden = false;
  pause.addEventListener("click", () => {
    holding = !holding;
    pause.textContent = holding ? pause.dataset.resume : pause.dataset.pause;
    paused.hidden = !holding;
    paused.textContent = holding ? paused.dataset.text.replace("{time}", clock(new Date())) : "";
    document.documentElement.classList.toggle("is-paused", holding);
    if (!holding) refresh();
  });

  document.getElementById("again").addEventListener("click", refresh);

  // A table that the operator has opened stays open when the fragment around it is replaced.
  Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node) => !(name === "open" && node.localName === "details");

  window.setInterval(show, 1000);
})();
