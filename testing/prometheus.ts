/** One line of what Prometheus scrapes. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** The samples of a scrape, in the text format. @throws Error on a line that is none */
export function samplesIn(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('#')) return [];
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`not a sample: ${line}`);
    return [{ name, labels: labelsIn(labels), value: Number(value) }];
  });
}

/** The sum of the samples with a name and labels, such as `http_requests_total{method="GET"}`. */
export function valueOf(samples: readonly Sample[], selector: string): number {
  const [, name, labels = ''] = /^([\w:]+)(?:\{(.*)\})?$/.exec(selector) ?? [];
  const wanted = Object.entries(labelsIn(labels));
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => wanted.every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

function labelsIn(text: string): Record<string, string> {
  const labels = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return Object.fromEntries(labels.map(([, name, value]) => [name, value!]));
}
