// The hill, the flag and the car on a canvas, shaped as in the films of dqn_lib/plots/drive.py.
// WORLD and COLOURS are put in front by source.py.

// What the picture shows: half a car more than the track at either end, so that a wall cuts nothing off.
const VIEW = { left: WORLD.minPosition - 0.09, right: WORLD.maxPosition + 0.09, bottom: -0.16, top: 1.28 };
const BODY = [[-0.075, 0.02], [0.075, 0.02], [0.055, 0.075], [-0.055, 0.075]];
const WHEELS = [[-0.045, 0.018], [0.045, 0.018]];
const TICKS = [-1, -0.5, 0, 0.5];

const height = (position) => Math.sin(3 * position) * 0.45 + 0.55;

/** A function `draw(position, action)` for this canvas; action -1 is no push and no engine. */
export function hillScene(canvas) {
  const pen = canvas.getContext("2d");
  canvas.style.aspectRatio = `${VIEW.right - VIEW.left} / ${VIEW.top - VIEW.bottom}`;

  const scale = () => canvas.clientWidth / (VIEW.right - VIEW.left);
  const place = ([x, y]) => [(x - VIEW.left) * scale(), (VIEW.top - y) * scale()];

  function path(points) {
    pen.beginPath();
    points.forEach((point) => pen.lineTo(...place(point)));
  }

  function drawHill() {
    const track = Array.from({ length: 121 }, (_, i) => VIEW.left + ((VIEW.right - VIEW.left) * i) / 120);
    const surface = track.map((x) => [x, height(x)]);
    path([...surface, [VIEW.right, VIEW.bottom], [VIEW.left, VIEW.bottom]]);
    pen.fillStyle = COLOURS.ground;
    pen.fill();
    pen.strokeStyle = COLOURS.ink;
    pen.lineWidth = 1.5;
    path(surface);
    pen.stroke();
    pen.fillStyle = COLOURS.ink;
    pen.font = "11px sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "bottom";
    for (const tick of TICKS) {
      const [x, y] = place([tick, VIEW.bottom]);
      pen.fillText(tick.toFixed(1).replace("-", "\u2212"), x, y - 3);
      pen.fillRect(x - 0.5, y - 21, 1, 5);
    }
    if (scale() > 150) pen.fillText("position", place([-0.25, 0])[0], canvas.clientHeight - 3);
  }

  function drawFlag() {
    const [x, top] = [WORLD.goalPosition, height(WORLD.goalPosition)];
    path([[x, top], [x, top + 0.22]]);
    pen.stroke();
    path([[x, top + 0.22], [x, top + 0.12], [x + 0.085, top + 0.17]]);
    pen.fillStyle = COLOURS.actions[2];
    pen.fill();
  }

  function drawCar(position, action) {
    const slope = Math.atan(0.45 * 3 * Math.cos(3 * position));
    const [cos, sin] = [Math.cos(slope), Math.sin(slope)];
    const turned = ([x, y]) => [position + x * cos - y * sin, height(position) + x * sin + y * cos];
    if (action === 0 || action === 2) {
      const behind = 1 - action; // the exhaust is on the side away from the push
      path([turned([0.08 * behind, 0.045]), turned([0.16 * behind, 0.045])]);
      pen.strokeStyle = COLOURS.actions[action];
      pen.lineWidth = 0.03 * scale();
      pen.stroke();
    }
    path(BODY.map(turned));
    pen.fillStyle = COLOURS.ink;
    pen.fill();
    pen.strokeStyle = COLOURS.ink;
    pen.lineWidth = 0.009 * scale();
    pen.fillStyle = "white";
    for (const wheel of WHEELS) {
      pen.beginPath();
      pen.arc(...place(turned(wheel)), 0.017 * scale(), 0, 2 * Math.PI);
      pen.fill();
      pen.stroke();
    }
  }

  return function draw(position, action) {
    const sharp = window.devicePixelRatio || 1;
    const size = [canvas.clientWidth, canvas.clientHeight].map((length) => Math.round(length * sharp));
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
    drawHill();
    drawFlag();
    drawCar(position, action);
  };
}
