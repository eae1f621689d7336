/** A figure with its noun: `1 incident`, `2 incidents`. */
export function counted(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
