// SPDX-License-Identifier: MIT
// What the npm package says, in the shape of differential_validation.c.
import FastestValidator from 'fastest-validator';

/* JSON has no class to give the rule: the one that the sidecar builds in. */
const ObjectID = { isValid: (v) => typeof v === 'string' && /^[0-9a-f]{24}$/i.test(v) };

/* Reasons that the original states on purpose; all others are accidents of generated code. */
const STATED = /^Invalid (schema\.|'.*' (type|schema)\b)|^Invalid regular expression|^Invalid flags|^Alias name/s;

function broken(err) {
  return { broken: `${err.name}: ${err.message}` };
}

export async function original(text) {
  const { options, schema, value } = JSON.parse(text);
  let check;
  try {
    const withClass = { ...options, defaults: { ...options.defaults, objectID: { ObjectID } } };
    check = new FastestValidator({ useNewCustomCheckerFunction: true, ...withClass }).compile(schema);
  } catch (err) {
    return STATED.test(err.message) ? { refused: err.message } : broken(err);
  }
  try {
    const result = await check(value);
    return { result, value };
  } catch (err) {
    return broken(err);
  }
}
