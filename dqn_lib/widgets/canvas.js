// A picture whose bytes come from the kernel. The old one stays until the new one can be shown.
function render({ model, el }) {
  const picture = document.createElement("img");
  picture.className = "dqn-picture";
  el.append(picture);
  let waiting = false;

  async function show() {
    if (waiting) return; // the one that is under way will look again
    waiting = true;
    let number;
    do {
      number = model.get("number");
      const address = URL.createObjectURL(new Blob([model.get("png")], { type: "image/png" }));
      const old = picture.src;
      picture.src = address; // until it is decoded the browser goes on showing the old one
      await picture.decode().catch(() => {});
      if (old) URL.revokeObjectURL(old);
      picture.width = model.get("width");
      picture.alt = model.get("alt");
      picture.dataset.number = number;
    } while (number !== model.get("number"));
    waiting = false;
    model.send({ shown: number });
  }

  model.on("change:number", show);
  if (model.get("number") > 0) show();
  return () => model.off("change:number", show);
}

export default { render };
