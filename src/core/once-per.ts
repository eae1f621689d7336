/**
 * A function of an object that is computed once for each, for as long as the object lives. Incidents of one record, and
 * there may be a thousand, have most in common: it must not take each of them the time that a large record takes.
 */
export function oncePer<Key extends object, Value>(compute: (key: Key) => Value): (key: Key) => Value {
  const computed = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    const known = computed.get(key) ?? { value: compute(key) };
    computed.set(key, known);
    return known.value;
  };
}
