// Numbers as people read them.

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export const count = (number) => (number === undefined ? "" : grouped.format(number));

export function rate(perSecond) {
  if (perSecond === null) return "…";
  return `${perSecond >= 100 ? grouped.format(perSecond) : tenths.format(perSecond)} /s`;
}

export function bytes(number) {
  if (number === undefined) return "";
  let unit = "B";
  for (const larger of ["KiB", "MiB", "GiB", "TiB"]) {
    if (number < 1024) break;
    number /= 1024;
    unit = larger;
  }
  return `${number >= 100 ? grouped.format(number) : short.format(number)} ${unit}`;
}

export function duration(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function microseconds(number) {
  if (number === undefined || number === null) return "–";
  if (number < 1000) return `${short.format(number)} µs`;
  return number < 1e6 ? `${short.format(number / 1000)} ms` : `${short.format(number / 1e6)} s`;
}

// Since 1970, in seconds.
export const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour12: false });
