// SPDX-License-Identifier: MIT
// Makes a failing case smaller: leaves out members and items, puts a part in the place of the whole.

/* All values that are v with one thing less. */
function* smaller(v) {
  if (Array.isArray(v)) {
    for (let i = 0; i < v.length; i++) yield v.filter((_, at) => at !== i);
    for (let i = 0; i < v.length; i++) {
      for (const item of smaller(v[i])) yield v.map((old, at) => (at === i ? item : old));
    }
    yield* v;
  } else if (v !== null && typeof v === 'object') {
    const entries = Object.entries(v);
    for (const [name] of entries) yield Object.fromEntries(entries.filter(([key]) => key !== name));
    for (const [name, member] of entries) {
      for (const less of smaller(member)) yield { ...v, [name]: less };
    }
    yield* Object.values(v);
  } else if (typeof v === 'string' && v.includes('|')) {
    const parts = v.split('|');
    for (let i = 1; i < parts.length; i++) yield parts.filter((_, at) => at !== i).join('|');
  }
}

function* smallerCases({ options, schema, value }) {
  for (const less of smaller(options)) {
    if (less !== null && typeof less === 'object' && !Array.isArray(less)) yield { options: less, schema, value };
  }
  for (const less of smaller(schema)) yield { options, schema: less, value };
  for (const less of smaller(value)) yield { options, schema, value: less };
}

/* still(item): whether it fails still. */
export async function shrink(item, still) {
  for (let tries = 0, found = true; found && tries < 2000;) {
    found = false;
    for (const candidate of smallerCases(item)) {
      tries++;
      if (await still(candidate).catch(() => false)) {
        item = candidate;
        found = true;
        break;
      }
    }
  }
  return item;
}
