// The structure on a canvas: drag or use the arrow keys to turn it, wheel to zoom. No libraries.
(() => {
  const box = document.getElementById("viewer");
  const scene = JSON.parse(document.getElementById("scene").textContent);
  const canvas = box.querySelector("canvas"), pen = canvas.getContext("2d");
  const note = box.querySelector("output");
  box.hidden = false;

  const reach = Math.max(...scene.positions.concat(...scene.edges).map(p => Math.hypot(...p)));
  let turn = [[1, 0, 0], [0, 1, 0], [0, 0, 1]], zoom = 1, colours = scene.by_uncertainty;
  let drawn = [];  // [x, y, radius, atom] in pixels, nearest last

  const rotate = (dx, dy) => {  // about the screen's own axes
    const [a, b] = [dy, dx], [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
    const step = [[cb, 0, sb], [sa * sb, ca, -sa * cb], [-ca * sb, sa, ca * cb]];
    turn = step.map(row => [0, 1, 2].map(k => row[0] * turn[0][k] + row[1] * turn[1][k] + row[2] * turn[2][k]));
  };

  const draw = () => {
    const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * ratio; canvas.height = height * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const scale = zoom * Math.min(width, height) / (2 * reach);
    const place = p => [
      width / 2 + scale * (turn[0][0] * p[0] + turn[0][1] * p[1] + turn[0][2] * p[2]),
      height / 2 - scale * (turn[1][0] * p[0] + turn[1][1] * p[1] + turn[1][2] * p[2]),
      turn[2][0] * p[0] + turn[2][1] * p[1] + turn[2][2] * p[2]];
    const line = (p, q, colour, thickness) => {
      pen.strokeStyle = colour; pen.lineWidth = thickness;
      pen.beginPath(); pen.moveTo(p[0], p[1]); pen.lineTo(q[0], q[1]); pen.stroke();
    };
    for (const [p, q] of scene.edges) line(place(p), place(q), "#8a8a8a", 1);
    const at = scene.positions.map(place), things = at.map((p, i) => [p[2], i, -1]);
    for (const [i, j] of scene.bonds) things.push([(at[i][2] + at[j][2]) / 2, i, j]);
    things.sort((a, b) => a[0] - b[0]);
    drawn = [];
    for (const [, i, j] of things) {
      const [x, y] = at[i];
      if (j >= 0) {  // each half of a bond in the colour of its atom
        const middle = [(x + at[j][0]) / 2, (y + at[j][1]) / 2];
        line(at[i], middle, colours[i], 0.24 * scale); line(middle, at[j], colours[j], 0.24 * scale);
        continue;
      }
      const radius = scene.radii[i] * scale;
      pen.beginPath(); pen.arc(x, y, radius, 0, 2 * Math.PI);
      pen.fillStyle = colours[i]; pen.fill();
      pen.strokeStyle = "#333"; pen.lineWidth = 0.6; pen.stroke();
      drawn.push([x, y, radius, i]);
    }
    pen.strokeStyle = "#d55e00"; pen.lineWidth = 2;
    for (const [x, y, radius, i] of drawn) if (scene.unknown[i]) {
      pen.beginPath(); pen.arc(x, y, radius + 3, 0, 2 * Math.PI); pen.stroke();
    }
  };

  const name = event => {  // the nearest atom under the pointer
    const hit = drawn.findLast(([x, y, r]) => Math.hypot(event.offsetX - x, event.offsetY - y) < r + 2);
    if (!hit) return;
    const i = hit[3];
    note.textContent = `atom ${i}: ${scene.symbols[i]}, surprise ${scene.uncertainty[i]}` +
      (scene.unknown[i] ? ", unknown to the model" : "");
  };

  let held = null;  // where the pointer was, while it drags
  canvas.addEventListener("pointerdown", event => {
    held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); name(event);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = null; });
  canvas.addEventListener("pointermove", event => {
    if (!held) return name(event);
    rotate((event.clientX - held[0]) / 120, (event.clientY - held[1]) / 120); draw();
    held = [event.clientX, event.clientY];
  });
  canvas.addEventListener("wheel", event => {
    if (!event.ctrlKey && document.activeElement !== canvas) return;  // let the page scroll
    event.preventDefault();
    zoom = Math.min(6, Math.max(0.5, zoom * Math.exp(-event.deltaY / 600))); draw();
  }, { passive: false });
  canvas.addEventListener("keydown", event => {
    const step = { ArrowLeft: [-0.1, 0], ArrowRight: [0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] }[event.key];
    if (step) rotate(...step);
    else if (event.key === "+" || event.key === "-") zoom *= event.key === "+" ? 1.1 : 1 / 1.1;
    else return;
    event.preventDefault(); draw();
  });
  for (const choice of box.querySelectorAll("input")) choice.addEventListener("change", () => {
    colours = scene[choice.value]; draw();
  });
  window.addEventListener("resize", draw);
  rotate(-0.25, 0.17); draw();
})();
