// SPDX-License-Identifier: MIT
// Says what differs between the original's answer and ours. What may differ, each for its reason:
// - The original throws by accident (TypeErrors and SyntaxErrors of code that it generates): the sidecar refuses the
//   schema, or does what the text of the schema says. Its answer still has to be one.
// - Definitions of the wrong shape, such as `rules` that is no list.
// - Dates: after conversion they are texts in the sidecar, so a rule that reads one again (a later branch of a multi rule,
//   the key of a record, a message) sees a text. Texts that only V8's own lenient parser takes are no dates.
// - Of two faults in a list of rules either may be told.

/* As JSON shows it: infinite numbers are null, undefined members absent. */
const shown = (v) => JSON.stringify(v) ?? 'undefined';

const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);

/* Whether test holds for a definition in the schema. */
function some(v, test) {
  if (test(v)) return true;
  return v !== null && typeof v === 'object' && Object.values(v).some((member) => some(member, test));
}

function isStrange(v) {
  return isObject(v) && Object.entries(v).some(([key, member]) => (
    (['rules', 'values', 'enum'].includes(key) && !Array.isArray(member)) || (['props', 'properties'].includes(key) && !isObject(member))));
}

const isDate = (v) => (typeof v === 'string' ? /^\s*date\b/.test(v) : isObject(v) && v.type === 'date');
const readsAgain = (v) => (Array.isArray(v) && some(v, isDate)) ||
  (isObject(v) && ((v.key && some(v.key, isDate)) || v.type === 'multi' || v.unique || v.enum));
const readsDatesAgain = (schema) => some(schema, isDate) && some(schema, readsAgain);

const DATE_FORMS = /^([+-]\d{6}|\d{4})(-\d\d){0,2}(T.*)?$|^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$|^\w{3} \w{3} \d\d \d{4} [\d:]{8} GMT/;

function isLenientDate(v) {
  const text = String(v);
  return !Number.isNaN(Date.parse(text)) && (!DATE_FORMS.test(text) || text.startsWith('-000000'));
}

const hasLenientDate = (result) => Array.isArray(result) && result.some(({ type, actual }) => type === 'date' && isLenientDate(actual));

const hasLists = ({ options, schema }) => [options, schema].some((v) => some(v, (member) => Array.isArray(member) && member.length > 1));
const STATED = /^Invalid |^The '.*' field |^Schema |^Alias name /s;

function isSameReason(item, theirs, mine) {
  if (theirs === mine || /^Invalid (regular|flags)/.test(theirs)) return true;
  return hasLists(item) && STATED.test(theirs) && STATED.test(mine);
}

const isEntry = (v) => isObject(v) && typeof v.type === 'string' && typeof v.message === 'string';
const isAnswer = ({ refused, result }) => (refused === undefined
  ? result === true || (Array.isArray(result) && result.length > 0 && result.every(isEntry))
  : typeof refused === 'string' && refused !== '');

function difference(item, theirs, mine) {
  if (!isAnswer(mine)) return `original: ${shown(theirs)}\n  ours is no answer: ${shown(mine)}`;
  if (theirs.refused && !mine.refused) return `original refuses: ${theirs.refused}\n  ours: ${shown(mine)}`;
  if (theirs.refused) return isSameReason(item, theirs.refused, mine.refused) ? undefined : `original: ${theirs.refused}\n  ours: ${mine.refused}`;
  if (mine.refused) return `original: ${shown(theirs)}\n  ours refuses: ${mine.refused}`;
  for (const part of ['result', 'value']) {
    if (shown(theirs[part]) !== shown(mine[part])) return `original ${part}: ${shown(theirs[part])}\n  our ${part}: ${shown(mine[part])}`;
  }
  return undefined;
}

function excuse({ options, schema }, theirs, mine) {
  if (!isAnswer(mine)) return undefined;
  if (theirs.broken) return 'broken';
  if (some([options, schema], isStrange)) return 'strange';
  return hasLenientDate(mine.result) || readsDatesAgain([options, schema]) ? 'dates' : undefined;
}

/* A text for the difference, or undefined. tally counts the kinds of answers and what was excused. */
export function judge(item, theirs, mine, tally) {
  const text = difference(item, theirs, mine);
  const excused = text && excuse(item, theirs, mine);
  const kind = excused ?? (theirs.refused ? 'refused' : theirs.result === true ? 'valid' : 'invalid');
  tally[kind] = (tally[kind] ?? 0) + 1;
  return excused ? undefined : text;
}
