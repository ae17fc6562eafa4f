// What the page's address says of its state, such as `#digit=947&step=4`.

/** The test digit and the number of the step in the address, each null where it names none. */
export function readAddress({ hash } = location) {
  const state = new URLSearchParams(hash.slice(1));
  const number = (name) => (/^\d{1,6}$/.test(state.get(name) ?? "") ? Number(state.get(name)) : null);
  return { digit: number("digit"), step: number("step") };
}

/** Puts the state into the address; what is undefined is left out. An address of a section stays while there is none. */
export function writeAddress(state) {
  const said = Object.entries(state).filter(([, value]) => value !== undefined);
  const hash = said.map(([name, value]) => `${name}=${value}`).join("&");
  const isOfState = location.hash.includes("=");
  if (hash ? location.hash !== `#${hash}` : isOfState) {
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
  }
}

/** Calls `callback` when somebody has put another state into the address. */
export function onAddress(callback) {
  addEventListener("hashchange", (event) => {
    // By now a stroke may have put its own there.
    const address = new URL(event.newURL);
    if (address.hash.includes("=")) {
      callback(readAddress(address));
    }
  });
}
