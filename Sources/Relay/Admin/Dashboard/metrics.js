// The samples that the page takes from the relay's metrics (Prometheus text format 0.0.4).

const SAMPLE = /^(\w+)(?:\{(.*)\})? ([^ ]+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

function labels(text = "") {
  return Object.fromEntries([...text.matchAll(LABEL)].map(([, name, value]) => [name, value]));
}

// By name: a list of `{labels, value}` each.
export function parse(text) {
  const samples = new Map();
  for (const line of text.split("\n")) {
    const found = SAMPLE.exec(line);
    if (!found) continue;
    if (!samples.has(found[1])) samples.set(found[1], []);
    samples.get(found[1]).push({ labels: labels(found[2]), value: Number(found[3]) });
  }
  return samples;
}
