/** Round numbers between two ends, at most `most` of them, for the lines of a chart. */
export function ticks(low: number, high: number, most = 5): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? 10 * power;
  const first = Math.ceil(low / step) * step;
  const all: number[] = [];
  for (let index = 0; first + index * step <= high + step / 1e6; index += 1) all.push(first + index * step);
  return all;
}
