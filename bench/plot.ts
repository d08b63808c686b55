/** A line of a plot. */
export interface Series {
  name: string;
  points: readonly (readonly [x: number, y: number])[];
}

/** What a plot shows. */
export interface Plot {
  title: string;
  xLabel: string;
  yLabel: string;
  series: readonly Series[];
  /** Default false. */
  logX?: boolean;
  logY?: boolean;
}

const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = { top: 40, right: 170, bottom: 50, left: 70 };
/** Distinguishable also without colour vision (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const TICKS = 5;

/** Draws lines as an SVG document. */
export function plotSvg({ title, xLabel, yLabel, series, logX = false, logY = false }: Plot): string {
  const points = series.flatMap((line) => line.points);
  const x = scale(
    points.map(([value]) => value),
    [MARGIN.left, WIDTH - MARGIN.right],
    logX,
  );
  const y = scale(
    points.map(([, value]) => value),
    [HEIGHT - MARGIN.bottom, MARGIN.top],
    logY,
  );
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    text(WIDTH / 2, 22, title, 'middle', 15),
    text((MARGIN.left + WIDTH - MARGIN.right) / 2, HEIGHT - 12, xLabel, 'middle'),
    `<g transform="translate(16 ${HEIGHT / 2}) rotate(-90)">${text(0, 0, yLabel, 'middle')}</g>`,
    ...x.ticks.map((tick) => {
      const at = x.place(tick).toFixed(1);
      return (
        `<line x1="${at}" x2="${at}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}" stroke="#ddd"/>` +
        text(Number(at), HEIGHT - MARGIN.bottom + 18, label(tick), 'middle')
      );
    }),
    ...y.ticks.map((tick) => {
      const at = y.place(tick).toFixed(1);
      return (
        `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}" stroke="#ddd"/>` +
        text(MARGIN.left - 6, Number(at) + 4, label(tick), 'end')
      );
    }),
    ...series.map(({ name, points: line }, index) => {
      const colour = COLOURS[index % COLOURS.length]!;
      const path = line.map(([px, py]) => `${x.place(px).toFixed(1)},${y.place(py).toFixed(1)}`).join(' ');
      const legendY = MARGIN.top + 16 + index * 20;
      return (
        `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>` +
        `<line x1="${WIDTH - MARGIN.right + 12}" x2="${WIDTH - MARGIN.right + 32}" y1="${legendY - 4}" y2="${legendY - 4}" stroke="${colour}" stroke-width="3"/>` +
        text(WIDTH - MARGIN.right + 38, legendY, name, 'start')
      );
    }),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

interface Scale {
  place(value: number): number;
  ticks: number[];
}

function scale(values: readonly number[], [from, to]: readonly [number, number], log: boolean): Scale {
  const positive = log ? values.filter((value) => value > 0) : [...values, 0];
  const map = log ? Math.log10 : (value: number) => value;
  const unmap = log ? (value: number) => 10 ** value : (value: number) => value;
  const low = map(positive.reduce((least, value) => Math.min(least, value), Infinity));
  const high = map(positive.reduce((most, value) => Math.max(most, value), -Infinity));
  const span = high - low || 1;
  return {
    place: (value) => from + ((Math.max(map(value), low) - low) / span) * (to - from),
    ticks: Array.from({ length: TICKS + 1 }, (_, index) => unmap(low + (span * index) / TICKS)),
  };
}

function label(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e4 || size < 0.01 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}

function text(x: number, y: number, content: string, anchor: string, size = 12): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}">${escaped}</text>`;
}
