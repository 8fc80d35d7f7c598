// SPDX-License-Identifier: MIT
// Random validator options, schemas and values for them. A rule is {definition, near}: near makes a value that may pass.
import {
  amounts, anything, cards, dates, emails, keys, macs, numbers, objectIds, scalars, texts, urls, uuids,
} from './values.mjs';

/* Texts that the original can paste into its code: no quotes, backslashes or line ends. */
const MESSAGES = [
  'wrong', '{field}', '{field}: {actual} is not {expected}', '{expected}{expected}', 'The {field} field', '', ' field field ', '$& {actual}',
  '{actual} {field}', 'é 😀', null,
];
const ERROR_TYPES = [
  'required', 'string', 'stringEmpty', 'stringMin', 'stringMax', 'stringPattern', 'stringContains', 'stringEnum', 'number', 'numberMin', 'array',
  'arrayUnique', 'arrayEnum', 'boolean', 'enumValue', 'equalValue', 'equalField', 'forbidden', 'object', 'objectStrict', 'objectMinProps', 'record',
  'tuple', 'tupleLength', 'date', 'email', 'url', 'uuid', 'uuidVersion',
];
const PATTERNS = [
  '^a', 'b$', '[a-c]+', '^\\d+$', '\\s', '^.{2}$', '^(?:a|b)*$', '(a)\\1', '[^a]', '\\u0061', 'é', '^\\w+$', '\\bab', '(?=a)a', 'a{2,3}', '/', '',
  '\\.', '\\x41', 'a|', '^[\\w-]*$', '(?<n>a)b', '\\0', '.', '[\\d\\s]',
];
const SEPARATORS = [undefined, ',', '.', ' ', '', '-'];

/* `type|key:value|flag|no-flag`, or nothing when a member cannot be written so. */
function shorthand(random, { type, ...rest }) {
  const blank = () => (random.chance(0.1) ? ' ' : '');
  const parts = Object.entries(rest).map(([key, value]) => {
    if (/[|:]/.test(key) || key.startsWith('no-') || key.trim() !== key) return null;
    if (value === true) return random.chance(0.8) ? key : `${key}:true`;
    if (value === false) return random.chance(0.8) ? `no-${key}` : `${key}${blank()}:${blank()}false`;
    if (typeof value === 'number') return `${key}:${blank()}${value}`;
    if (typeof value !== 'string' || value.includes('|') || value.trim() !== value) return null;
    return `${key}:${value}`;
  });
  return parts.includes(null) ? undefined : [type, ...parts].map((part) => blank() + part + blank()).join('|');
}

class Generator {
  constructor(random) {
    this.random = random;
    this.aliases = {};
  }

  /* The members that dice choose; a function makes the value. */
  members(table, p = 0.25) {
    const chosen = Object.entries(table).filter(() => this.random.chance(p));
    return Object.fromEntries(chosen.map(([key, make]) => [key, make()]));
  }

  bool() {
    return this.random.pick([true, true, true, false, 1, 0, null, 'true']);
  }

  limit() {
    const { random } = this;
    return random.pick([random.below(5), random.below(5), random.below(5), random.pick([-1, 0, 1.5, null, '3', '0x2', '1e1', 1e21, -0, true])]);
  }

  message() {
    return this.random.pick(MESSAGES);
  }

  messages(types = ERROR_TYPES) {
    return Object.fromEntries(this.random.some(types, 6).map((type) => [type, this.message()]));
  }

  common() {
    const { random } = this;
    return this.members({
      optional: () => this.bool(),
      nullable: () => this.bool(),
      default: () => anything(random, 1),
      label: () => random.pick(['Label', "L'abel", 'Ünï {field}', '']),
      messages: () => this.messages(),
    }, 0.12);
  }

  string() {
    const { random } = this;
    const pattern = random.pick(PATTERNS);
    const flag = () => this.bool();
    const checks = this.members({
      empty: flag, min: () => this.limit(), max: () => this.limit(), length: () => this.limit(), pattern: () => pattern,
      contains: () => random.pick(['a', 'b', '😀', '1', '', ' ', 1, true, null]), enum: () => random.some(texts.filter((t) => !/["\\\n\r\u2028]/.test(t)), 5),
      convert: flag,
    }, 0.2);
    const kinds = this.members({
      numeric: flag, alpha: flag, alphanum: flag, alphadash: flag, hex: flag, singleLine: flag, base64: flag,
    }, 0.08);
    const changes = this.members({
      trim: flag, trimLeft: flag, trimRight: flag, padStart: () => random.pick([0, 3, 6, '4', null, 2.5]), padEnd: () => random.pick([3, 5, null]),
      padChar: () => random.pick(['0', 'ab', '', '_', null, 7]), lowercase: flag, uppercase: flag, localeLowercase: flag, localeUppercase: flag,
    }, 0.1);
    if ('pattern' in checks && random.chance(0.3)) checks.patternFlags = random.pick(['', 'i', 'u', 'gm', 's', 'y', 'iu']);
    return { members: { type: 'string', ...checks, ...kinds, ...changes }, near: () => random.pick(texts) };
  }

  number() {
    const { random } = this;
    const flag = () => this.bool();
    const members = this.members({
      min: () => this.limit(), max: () => this.limit(), equal: () => this.limit(), notEqual: () => this.limit(), integer: flag, positive: flag,
      negative: flag, convert: flag,
    });
    const near = () => (members.convert === true && random.chance(0.6) ? scalars(random) : random.pick(numbers));
    return { members: { type: 'number', ...members }, near };
  }

  text(type, list, table = {}) {
    return { members: { type, ...this.members(table, 0.4) }, near: () => this.random.pick(list) };
  }

  email() {
    return this.text('email', ['', ...emails], {
      empty: () => this.bool(), normalize: () => this.bool(), mode: () => this.random.pick(['quick', 'precise', 'x', null]), min: () => this.limit(),
      max: () => 6 + this.random.below(6),
    });
  }

  url() {
    return this.text('url', ['', ...urls], { empty: () => this.bool() });
  }

  uuid() {
    return this.text('uuid', uuids, { version: () => this.random.pick([0, 1, 3, 4, 5, 7, 8, 9, 4.5, '4', null, -1]) });
  }

  mac() {
    return this.text('mac', macs);
  }

  luhn() {
    return this.text('luhn', cards);
  }

  currency() {
    const separator = () => this.random.pick(SEPARATORS);
    return this.text('currency', amounts, {
      currencySymbol: () => this.random.pick(['$', '€', '', null]), symbolOptional: () => this.bool(), thousandSeparator: separator,
      decimalSeparator: separator, customRegex: () => this.random.pick(['/^\\d+$/', '/^a|1/i', '']),
    });
  }

  date() {
    return this.text('date', dates, { convert: () => this.random.pick([true, true, true, false, 1]) });
  }

  objectID() {
    return this.text('objectID', objectIds, { convert: () => this.random.pick([false, 'hexString', null]) });
  }

  boolean() {
    const { random } = this;
    const near = () => random.pick([true, false, 1, 0, -0, 'true', 'false', '1', '0', 'on', 'off', 'True', 1.5]);
    return { members: { type: 'boolean', ...this.members({ convert: () => this.bool() }, 0.6) }, near };
  }

  any() {
    const members = this.members({ check: () => scalars(this.random), custom: () => scalars(this.random) }, 0.1);
    return { members: { type: this.random.pick(['any', 'custom']), ...members }, near: () => anything(this.random) };
  }

  forbidden() {
    return { members: { type: 'forbidden', ...this.members({ remove: () => this.bool() }, 0.6) }, near: () => scalars(this.random) };
  }

  function() {
    return { members: { type: 'function' }, near: () => scalars(this.random) };
  }

  plainTexts() {
    return texts.filter((text) => !/["\\\n\r\u2028]/.test(text));
  }

  enum() {
    const { random } = this;
    const values = random.some([...this.plainTexts(), ...numbers, null, true, false], 6);
    return { members: { type: 'enum', values }, near: () => (values.length ? random.pick(values) : 1) };
  }

  equal() {
    const { random } = this;
    const value = scalars(random);
    const members = random.chance(0.4)
      ? { field: random.pick(keys.filter((key) => key)), ...this.members({ value: () => value }, 0.2) }
      : this.members({ value: () => (random.chance(0.2) ? anything(random, 1) : value) }, 0.9);
    return {
      members: { type: 'equal', ...members, ...this.members({ strict: () => this.bool() }, 0.4) },
      near: () => (random.chance(0.5) ? value : scalars(random)),
    };
  }

  array(depth) {
    const { random } = this;
    const items = random.chance(0.7) ? this.rule(depth - 1) : undefined;
    const item = () => (items ? items.near() : scalars(random));
    const members = this.members({
      convert: () => this.bool(), empty: () => this.bool(), min: () => this.limit(), max: () => this.limit(), length: () => this.limit(),
      contains: () => scalars(random), unique: () => this.bool(), enum: () => random.some([...this.plainTexts(), ...numbers, null], 5),
    }, 0.2);
    const near = () => {
      if (members.convert === true && random.chance(0.3)) return item();
      const list = Array.from({ length: random.below(4) }, item);
      return list.length && random.chance(0.3) ? [...list, list[0]] : list;
    };
    return { members: { type: 'array', ...members, ...(items && { items: items.definition }) }, near };
  }

  tuple(depth) {
    const { random } = this;
    const items = Array.from({ length: 1 + random.below(3) }, () => this.rule(depth - 1));
    const list = () => (random.chance(0.9) ? items.map((item) => item.near()) : Array.from({ length: random.below(4) }, () => scalars(random)));
    const members = this.members({ empty: () => this.bool() }, 0.3);
    if (random.chance(0.9)) members.items = items.map(({ definition }) => definition);
    return { members: { type: 'tuple', ...members }, near: list };
  }

  properties(depth) {
    const names = this.random.some(keys, 4);
    return Object.fromEntries(names.map((name) => [name, this.rule(depth - 1)]));
  }

  nearObject(properties) {
    const { random } = this;
    const members = Object.entries(properties)
      .filter(() => random.chance(0.85))
      .map(([name, rule]) => [name, rule.near()]);
    if (random.chance(0.3)) members.push(...random.some(keys, 2).map((key) => [key, scalars(random)]));
    return Object.fromEntries(random.chance(0.2) ? members.reverse() : members);
  }

  object(depth) {
    const { random } = this;
    const properties = this.properties(depth);
    const definitions = Object.fromEntries(Object.entries(properties).map(([name, { definition }]) => [name, definition]));
    if (random.chance(0.05)) definitions.$$strict = true;
    const members = this.members({ minProps: () => this.limit(), maxProps: () => this.limit() }, 0.15);
    const strict = () => random.pick([true, true, false, 'remove', 'remove', 'x', null, 1]);
    if (random.chance(0.4)) members.strict = strict();
    if (random.chance(0.92)) members[random.pick(['properties', 'props'])] = definitions;
    return { members: { type: 'object', ...members }, near: () => this.nearObject(properties) };
  }

  /* {$$type: 'object|strict', ...properties} */
  inner(depth) {
    const { random } = this;
    const properties = this.properties(depth);
    const definition = Object.fromEntries(Object.entries(properties).map(([name, rule]) => [name, rule.definition]));
    const flags = random.some(['strict', 'strict:remove', 'optional', 'nullable', 'minProps:1', 'no-nullable'], 2);
    return { definition: { $$type: ['object', ...flags].join('|'), ...definition }, near: () => this.nearObject(properties) };
  }

  record(depth) {
    const { random } = this;
    const key = random.chance(0.5) ? this.rule(0) : undefined;
    const value = random.chance(0.7) ? this.rule(depth - 1) : undefined;
    const near = () => Object.fromEntries(random.some(keys, 3).map((name) => [name, value ? value.near() : scalars(random)]));
    return { members: { type: 'record', ...(key && { key: key.definition }), ...(value && { value: value.definition }) }, near };
  }

  branches(depth) {
    return Array.from({ length: 1 + this.random.below(3) }, () => this.rule(depth - 1));
  }

  multi(depth) {
    const { random } = this;
    const branches = this.branches(depth);
    const rules = random.chance(0.05) ? [] : branches.map(({ definition }) => definition);
    return { members: { type: 'multi', rules }, near: () => random.pick(branches).near() };
  }

  list(depth) {
    const branches = this.branches(depth);
    return { definition: branches.map(({ definition }) => definition), near: () => this.random.pick(branches).near() };
  }

  alias() {
    const name = this.random.pick(Object.keys(this.aliases));
    return { members: { type: name }, near: this.aliases[name].near };
  }

  broken() {
    const definition = this.random.pick([
      5, null, true, [], {}, '', 'nothing', 'strin', 'String', { type: 'nothing' }, { type: 5 }, { type: null }, 'string[', '[]', 'nothing[]',
      { type: 'array', items: 'nothing' }, { type: 'tuple', items: [] }, { type: 'tuple', items: 'string' }, { $$type: 'nothing' }, ['nothing'],
      { type: 'string', pattern: '(' }, { type: 'string', pattern: 'a', patternFlags: 'x' }, { type: 'record', key: 'nothing' }, { type: 'multi' },
      { type: 'object', props: { a: 'nothing' } }, 'string|min:3|nothing:|a', 'number|min:', ' string | trim | |x', { $$type: 'string[]' },
    ]);
    return { definition, near: () => scalars(this.random) };
  }

  leaf() {
    const { random } = this;
    const leaves = [
      'string', 'string', 'string', 'number', 'number', 'email', 'url', 'uuid', 'mac', 'luhn', 'currency', 'date', 'objectID', 'boolean', 'any',
      'forbidden', 'function', 'enum', 'equal', 'equal',
    ];
    if (Object.keys(this.aliases).length && random.chance(0.3)) return this.alias();
    return this[random.pick(leaves)]();
  }

  choose(depth) {
    if (depth <= 0 || this.random.chance(0.45)) return this.leaf();
    const nested = ['array', 'array', 'tuple', 'object', 'object', 'inner', 'record', 'multi', 'list', 'list'];
    return this[this.random.pick(nested)](depth);
  }

  /* The rule in one of the forms that people write. */
  rule(depth) {
    const { random } = this;
    if (random.chance(0.006)) return this.broken();
    const { members, definition, near } = this.choose(depth);
    const value = () => (random.chance(0.85) ? near() : anything(random, 2));
    if (definition !== undefined) return { definition, near: value };
    const whole = { ...members, ...this.common() };
    const short = random.chance(0.5) ? shorthand(random, whole) : undefined;
    if (random.chance(0.04) && !('items' in whole)) {
      return { definition: `${whole.type}[]${random.chance(0.3) ? '|optional' : ''}`, near: () => [value(), value()] };
    }
    return { definition: short ?? whole, near: value };
  }

  options() {
    const { random } = this;
    const options = this.members({
      haltOnFirstError: () => this.bool(), considerNullAsAValue: () => this.bool(), messages: () => this.messages(),
      defaults: () => ({
        [random.pick(['object', 'string', 'number', 'array', 'boolean'])]: {
          ...random.pick([{ strict: true }, { strict: 'remove' }, { convert: true }, { trim: true, empty: false }, { optional: true }, { items: 'any' }]),
        },
      }),
    }, 0.15);
    if (random.chance(0.15)) {
      for (const name of random.some(['username', 'list', 'point'], 2)) {
        const { members, near } = this[random.pick(['string', 'number', 'array', 'object', 'enum'])](1);
        this.aliases[name] = { near, members: { ...members, ...this.common() } };
      }
      options.aliases = Object.fromEntries(Object.entries(this.aliases).map(([name, { members }]) => [name, members]));
      if (random.chance(0.05)) options.aliases.text = 'string|min:3';
      if (random.chance(0.02)) options.aliases.email = { type: 'string' };
    }
    return options;
  }

  plain() {
    const { random } = this;
    const properties = this.properties(3);
    const schema = Object.fromEntries(Object.entries(properties).map(([name, { definition }]) => [name, definition]));
    if (random.chance(0.2)) schema.$$strict = random.pick([true, 'remove', false, null, 1]);
    if (random.chance(0.03)) schema.$$async = random.pick([true, false]);
    return { schema, near: () => this.nearObject(properties) };
  }

  root() {
    const { random } = this;
    if (random.chance(0.75)) return this.plain();
    const { definition, near } = this.rule(3);
    if (random.chance(0.4)) return { schema: [definition, ...this.branches(1).map((branch) => branch.definition)], near };
    if (definition === null || typeof definition !== 'object' || Array.isArray(definition)) return { schema: { $$root: true, type: 'any' }, near };
    return { schema: { $$root: true, ...definition }, near };
  }

  case() {
    const options = this.options();
    const { schema, near } = this.root();
    const value = this.random.chance(0.93) ? near() : anything(this.random);
    return { options, schema, value: value === undefined ? null : value };
  }
}

export const generate = (random) => new Generator(random).case();
