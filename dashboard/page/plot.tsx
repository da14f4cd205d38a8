import { useEffect, useRef } from "preact/hooks";
// First: it mends what uPlot trips over when it is loaded.
import { spokenLanguage } from "./spoken-language.ts";
import UPlot from "uplot";

export interface Series {
  readonly name: string;
  /** A colour token of the style sheet, such as `--paid`. */
  readonly token: string;
  /** Told apart without colour. */
  readonly dash?: number[];
}

interface PlotProps {
  readonly title: string;
  /** Read out instead of the picture. */
  readonly description: string;
  readonly series: readonly Series[];
  /** Seconds since 1970, then one list a series; null where there is nothing. */
  readonly data: readonly (readonly (number | null)[])[];
  readonly valueText: (value: number) => string;
}

const height = 180;

export function Plot({ title, description, series, data, valueText }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | undefined>(undefined);
  const shown = useRef(data);
  shown.current = data;
  useEffect(() => {
    const { current } = place;
    if (current === null) return undefined;
    const draw = () => {
      plot.current?.destroy();
      // The casts, here and below: uPlot declares arrays that may be changed.
      const options = optionsOf(series, valueText, current.clientWidth);
      plot.current = new UPlot(options, shown.current as unknown as UPlot.AlignedData, current);
    };
    draw();
    // A canvas does not follow the style sheet by itself.
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: current.clientWidth, height }));
    sizes.observe(current);
    return () => {
      scheme.removeEventListener("change", draw);
      sizes.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, []);
  useEffect(() => plot.current?.setData(data as unknown as UPlot.AlignedData), [data]);
  return (
    <figure class="card plot">
      <figcaption>
        <h2>{title}</h2>
        <ul class="legend">
          {series.map(({ name, token }) => (
            <li key={name}>
              <span class={`key ${token.slice(2)}`} aria-hidden="true" /> {name}
            </li>
          ))}
        </ul>
      </figcaption>
      <div ref={place} role="img" aria-label={`${title}. ${description}`} />
    </figure>
  );
}

function optionsOf(series: readonly Series[], valueText: (value: number) => string, width: number): UPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (token: string) => style.getPropertyValue(token).trim();
  const axis: UPlot.Axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1, size: 4 },
    font: "12px system-ui, sans-serif",
  };
  return {
    width,
    height,
    legend: { show: false },
    cursor: { show: false },
    // Each change is drawn in whole pixels; halves would blur the lines.
    pxAlign: 1,
    scales: { x: { time: true }, y: { range: (_plot, _min, max) => [0, Math.max(max * 1.1, 1)] } },
    axes: [
      { ...axis, values: clockTexts, space: 90, size: 32, incrs: [15, 30, 60, 120, 300] },
      { ...axis, values: (_plot, splits) => splits.map(valueText), size: 60 },
    ],
    series: [
      {},
      ...series.map(({ name, token, dash }) => ({
        label: name,
        stroke: colour(token),
        width: 2,
        points: { show: false },
        spanGaps: false,
        ...(dash === undefined ? {} : { dash }),
      })),
    ],
  };
}

const clock = new Intl.DateTimeFormat(spokenLanguage, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const clockTexts = (_plot: UPlot, splits: number[]) => splits.map((second) => clock.format(second * 1_000));
