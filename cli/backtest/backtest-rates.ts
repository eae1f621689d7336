/** Per second. */
export interface BacktestRates {
  readonly records: number;
  readonly bytes: number;
}

/** `812 MB/s`, `2.31 GB/s`. */
export function byteRate(bytesPerSecond: number): string {
  const gigabytes = bytesPerSecond / 1e9;
  if (gigabytes >= 0.9995) return `${gigabytes.toFixed(2)} GB/s`;
  const megabytes = bytesPerSecond / 1e6;
  return `${megabytes.toFixed(megabytes < 9.95 ? 1 : 0)} MB/s`;
}
