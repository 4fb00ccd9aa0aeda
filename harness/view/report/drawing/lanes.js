// Lanes can be zoomed, in each picture by itself: without zoom, each of a thousand lanes would be a line.
function laneZoom(f) {
  const laned = f.figures.filter(([, plot]) => plot.y_range.bounds);
  const found = Object.fromEntries(
    laned.map(([id, { y_range: range }]) => [id, { range, all: [range.end, range.start] }]),
  );
  // Show the lanes from `top` to `bottom`, within those that exist.
  const to = ({ range, all: [least, most] }, top, bottom) => {
    const height = Math.min(Math.max(bottom - top, range.min_interval), most - least);
    const from = Math.min(Math.max((top + bottom - height) / 2, least), most - height);
    range.setv({ start: from + height, end: from });
  };
  // `around` stays where it is on the screen: from 0 (top) to 1 (bottom).
  const zoom = (id, by, around = 0.5) => {
    const { start, end } = found[id].range;
    const fixed = end + (start - end) * around;
    to(found[id], fixed + (end - fixed) * by, fixed + (start - fixed) * by);
  };
  const pan = (id, part) => {
    const { start, end } = found[id].range;
    to(found[id], end + (start - end) * part, start + (start - end) * part);
  };
  const zoomed = (id) => {
    if (!(id in found)) return false;
    const { range: { start, end }, all: [least, most] } = found[id];
    return start - end < (most - least) * 0.999;
  };
  const everything = () => Object.values(found).forEach((lanes) => to(lanes, ...lanes.all));
  const show = (id, lane) => {
    const { start, end } = found[id].range;
    if (lane - 0.5 < end || lane + 0.5 > start) to(found[id], lane - (start - end) / 2, lane + (start - end) / 2);
  };
  // If lanes are too flat to see what is in them, show only those from the first to the last of these.
  const fit = (id, lanes) => {
    if (lanes.length === 0 || !(id in found)) return;
    const plot = f.figures.find(([name]) => name === id)[1];
    if (f.laneHeight(plot) < 24) to(found[id], Math.min(...lanes) - 1.5, Math.max(...lanes) + 1.5);
  };
  for (const [id] of laned) {
    const place = f.at(id).querySelector(".plot");
    place.addEventListener("wheel", (event) => {
      if (!event.shiftKey || event.ctrlKey) return;
      event.preventDefault();
      const box = place.getBoundingClientRect();
      // While Shift is held, some browsers report a sideways wheel.
      zoom(id, event.deltaY + event.deltaX > 0 ? 1.25 : 0.8, (event.clientY - box.top) / box.height);
    }, { passive: false });
  }
  const keys = (id) => ({
    ...(id in found ? { z: () => zoom(id, 0.5), x: () => zoom(id, 2) } : {}),
    ...(zoomed(id) ? { ArrowUp: () => pan(id, -0.2), ArrowDown: () => pan(id, 0.2) } : {}),
  });
  return { ranges: Object.values(found).map(({ range }) => range), everything, show, fit, keys };
}
