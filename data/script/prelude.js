// What a script finds: the message with lazy access to its fields, maps, dates, and no way out.
// Evaluated once per thread, before any script; `host` is what the program offers and is seen here
// only. What scripts could change for the next message is frozen at the end.
(function (host) {
  'use strict';

  // ------------------------------------------------------------------------- time and chance
  // The same message gives the same bytes: the time is that of its receipt, and chance is seeded.
  const SystemDate = Date;
  function MessageDate(...given) {
    if (new.target === undefined) return new SystemDate(host.now()).toString();
    return Reflect.construct(SystemDate, given.length === 0 ? [host.now()] : given, new.target);
  }
  MessageDate.prototype = SystemDate.prototype;
  MessageDate.UTC = SystemDate.UTC;
  MessageDate.parse = SystemDate.parse;
  MessageDate.now = () => host.now();
  SystemDate.prototype.constructor = MessageDate;
  globalThis.Date = MessageDate;
  Math.random = () => host.random();

  // Memory outside of the heap that is counted, threads, compilers, and what sees collections.
  const gone = ['ArrayBuffer', 'SharedArrayBuffer', 'Atomics', 'WebAssembly', 'WeakRef',
    'FinalizationRegistry', 'DataView', 'Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array',
    'Uint16Array', 'Int32Array', 'Uint32Array', 'Float32Array', 'Float64Array', 'BigInt64Array',
    'BigUint64Array'];
  for (const name of gone) delete globalThis[name];
  const textLimit = 16 * 1024 * 1024;
  for (const name of ['repeat', 'padStart', 'padEnd']) {
    const plain = String.prototype[name];
    String.prototype[name] = function (count, fill) {
      const length = name === 'repeat' ? this.length * count : count;
      if (length > textLimit) throw new RangeError('the text would be too long');
      return plain.call(this, count, fill);
    };
  }

  // ------------------------------------------------------------------------- places
  // A node stands for places of the message: a segment, a field, a component, a subcomponent.
  // Numbers count from one; zero is "not said", which means every one that is there.
  const target = Symbol('place');
  const knownKeys = new Map();
  const keysMax = 10000;

  // What a name of a node means, worked out once: a method, an index, a place below, what a text
  // can do, or nothing.
  class Key {
    constructor(name) {
      const match = /^[A-Z][A-Z0-9]{2}\.([1-9][0-9]{0,3})(?:\.([1-9][0-9]{0,3}))?(?:\.([1-9][0-9]{0,3}))?$/
        .exec(name);
      this.method = methods[name];
      this.index = /^[0-9]{1,9}$/.test(name) ? Number(name) : -1;
      this.id = match === null ? '' : name.slice(0, 3);
      this.field = match === null ? 0 : Number(match[1]);
      this.component = match === null ? 0 : Number(match[2] || 0);
      this.subcomponent = match === null ? 0 : Number(match[3] || 0);
      this.ofText = typeof String.prototype[name] === 'function' ? String.prototype[name] : undefined;
      this.isSegment = /^[A-Z][A-Z0-9]{2}$/.test(name);
    }
  }
  function keyOf(name) {
    let known = knownKeys.get(name);
    if (known !== undefined) return known;
    known = new Key(name);
    if (knownKeys.size < keysMax) knownKeys.set(name, known);
    return known;
  }

  class Place {
    constructor(id, occurrence, field, repetition, component, subcomponent) {
      this.id = id;
      this.occurrence = occurrence;
      this.field = field;
      this.repetition = repetition;
      this.component = component;
      this.subcomponent = subcomponent;
    }
  }
  const node = (place) => new Proxy(place, handler);
  const placeOf = (value) =>
    value !== null && typeof value === 'object' ? value[target] : undefined;

  const text = (p) =>
    host.get(p.id, p.occurrence, p.field, p.repetition, p.component, p.subcomponent);
  const count = (p) =>
    host.count(p.id, p.occurrence, p.field, p.repetition, p.component, p.subcomponent);
  const remove = (p) =>
    host.remove(p.id, p.occurrence, p.field, p.repetition, p.component, p.subcomponent);

  function assign(p, value) {
    const from = placeOf(value);
    if (from !== undefined) {
      host.setRaw(p.id, p.occurrence, p.field, p.repetition, p.component, p.subcomponent,
        host.getRaw(from.id, from.occurrence, from.field, from.repetition, from.component,
          from.subcomponent));
      return;
    }
    host.set(p.id, p.occurrence, p.field, p.repetition, p.component, p.subcomponent,
      value === undefined || value === null ? '' : String(value));
  }

  function nth(p, index) {
    const found = host.nth(p.id, p.occurrence, p.field, p.repetition, p.component, p.subcomponent,
      index);
    // One beyond the last is where an assignment adds one.
    if (found === 0) {
      if (p.field === 0) return new Place(p.id, index + 1, 0, 0, 0, 0);
      return new Place(p.id, p.occurrence, p.field, index + 1, p.component, p.subcomponent);
    }
    return new Place(p.id, Math.floor(found / 100000), p.field, p.field === 0 ? 0 : found % 100000,
      p.component, p.subcomponent);
  }
  // The place below that a key means; undefined for what is no name of a place.
  function child(p, key) {
    if (key.index >= 0) return nth(p, key.index);
    if (key.field === 0) return undefined;
    const fits = key.id === p.id && (p.field === 0 || p.field === key.field) &&
      (p.component === 0 || p.component === key.component);
    return new Place(fits ? p.id : '', p.occurrence, key.field, p.repetition, key.component,
      key.subcomponent);
  }
  function* each(p) {
    const length = count(p);
    for (let index = 0; index < length; ++index) yield node(nth(p, index));
  }
  function nameOf(p) {
    return [p.id, p.field, p.component, p.subcomponent].filter((part) => part !== 0).join('.');
  }

  const methods = {
    __proto__: null,
    toString: (p) => () => text(p),
    valueOf: (p) => () => text(p),
    toJSON: (p) => () => text(p),
    text: (p) => () => text(p),
    length: (p) => () => count(p),
    count: (p) => () => count(p),
    exists: (p) => () => count(p) > 0,
    raw: (p) => () => host.getRaw(p.id, p.occurrence, p.field, p.repetition, p.component,
      p.subcomponent),
    setRaw: (p) => (bytes) => host.setRaw(p.id, p.occurrence, p.field, p.repetition, p.component,
      p.subcomponent, String(bytes)),
    set: (p) => (value) => assign(p, value),
    remove: (p) => () => remove(p),
    get: (p) => (index) => node(nth(p, index)),
    name: (p) => () => nameOf(p),
    localName: (p) => () => nameOf(p),
    child: (p) => (key) => typeof key === 'number' ? node(nth(p, key)) : handler.get(p, String(key)),
  };

  const handler = {
    get(p, key) {
      if (typeof key === 'symbol') {
        if (key === Symbol.toPrimitive) return () => text(p);
        if (key === Symbol.iterator) return () => each(p);
        if (key === target) return p;
        return undefined;
      }
      const known = keyOf(key);
      if (known.method !== undefined) return known.method(p);
      const place = child(p, known);
      if (place !== undefined) return node(place);
      // What a text can do, its value can: msg['PID']['PID.5']['PID.5.1'].toUpperCase().
      const ofText = known.ofText;
      return ofText === undefined ? undefined : (...given) => ofText.apply(text(p), given);
    },
    set(p, key, value) {
      if (typeof key === 'symbol') return false;
      const place = child(p, keyOf(key));
      if (place === undefined || place.id === '')
        throw new TypeError("no place of " + nameOf(p) + ": '" + key + "'");
      assign(place, value);
      return true;
    },
    deleteProperty(p, key) {
      if (typeof key === 'symbol') return true;
      const place = child(p, keyOf(key));
      if (place !== undefined && place.id !== '' && count(place) > 0) remove(place);
      return true;
    },
    has(p, key) {
      if (typeof key === 'symbol') return key === Symbol.iterator;
      const place = child(p, keyOf(key));
      return place !== undefined && count(place) > 0;
    },
    ownKeys: (p) => Array.from({length: count(p)}, (none, index) => String(index)),
    getOwnPropertyDescriptor(p, key) {
      if (typeof key === 'symbol') return undefined;
      const {index} = keyOf(key);
      if (index < 0 || index >= count(p)) return undefined;
      return {value: node(nth(p, index)), writable: true, enumerable: true, configurable: true};
    },
    defineProperty: () => false,
    preventExtensions: () => false,
    setPrototypeOf: () => false,
  };

  // ------------------------------------------------------------------------- the message
  function segments(id) {
    const found = [];
    const seen = {__proto__: null};
    const ids = host.segments();
    for (const each of ids) {
      seen[each] = (seen[each] || 0) + 1;
      if (id === undefined || each === id) found.push(node(new Place(each, seen[each], 0, 0, 0, 0)));
    }
    return found;
  }
  function add(id, after) {
    const place = placeOf(after);
    const occurrence = place === undefined ? host.insert(String(id), '', 0)
      : host.insert(String(id), place.id, place.occurrence);
    return node(new Place(String(id), occurrence, 0, 0, 0, 0));
  }
  const messageMethods = {
    __proto__: null,
    get: (path) => host.getPath(String(path)),
    has: (path) => host.countPath(String(path)) > 0,
    count: (path) => host.countPath(String(path)),
    set(path, value) {
      const from = placeOf(value);
      if (from !== undefined) return host.setRawPath(String(path), value.raw());
      return host.setPath(String(path), value === undefined || value === null ? '' : String(value));
    },
    getRaw: (path) => host.getRawPath(String(path)),
    setRaw: (path, bytes) => host.setRawPath(String(path), String(bytes)),
    copy: (from, to) => host.setRawPath(String(to), host.getRawPath(String(from))),
    remove: (path) => host.removePath(String(path)),
    add: (id, after) => add(id, after),
    segments: (id) => segments(id),
    children: () => segments(),
    descendants: (id) => segments(id),
    elements: (id) => segments(id),
    length: () => 1,
    toString: () => host.write(),
    toJSON: () => host.write(),
  };
  const whole = (key) => keyOf(key).isSegment ? new Place(key, 0, 0, 0, 0, 0) : undefined;
  const message = new Proxy({}, {
    get(none, key) {
      if (typeof key === 'symbol') {
        if (key === Symbol.toPrimitive) return () => host.write();
        if (key === Symbol.iterator) return () => segments()[Symbol.iterator]();
        return undefined;
      }
      const method = messageMethods[key];
      if (method !== undefined) return method;
      const place = whole(key);
      return place === undefined ? undefined : node(place);
    },
    set(none, key, value) {
      throw new TypeError("a whole segment cannot be set; set its fields, or use msg.add('" +
        String(key) + "')");
    },
    deleteProperty(none, key) {
      const place = typeof key === 'symbol' ? undefined : whole(key);
      if (place !== undefined && count(place) > 0) remove(place);
      return true;
    },
    has(none, key) {
      const place = typeof key === 'symbol' ? undefined : whole(key);
      return place !== undefined && count(place) > 0;
    },
    defineProperty: () => false,
    preventExtensions: () => false,
    setPrototypeOf: () => false,
  });

  // ------------------------------------------------------------------------- maps
  // One for a message: what a step of the channel put in, a step of the destination finds.
  let values = new Map();
  class ScriptMap {
    get(key) { return values.get(String(key)); }
    put(key, value) { values.set(String(key), value); return value; }
    containsKey(key) { return values.has(String(key)); }
    remove(key) { const was = values.get(String(key)); values.delete(String(key)); return was; }
  }
  const channelMap = new ScriptMap();
  const sourceMap = {
    get: (key) => host.source(String(key)),
    containsKey: (key) => host.source(String(key)) !== undefined,
  };
  function ofMap(key, ...value) {
    return value.length > 0 ? channelMap.put(key, value[0]) : channelMap.get(key);
  }
  function anyMap(key) {
    const own = channelMap.get(key);
    return own !== undefined ? own : sourceMap.get(key);
  }
  function lasting(name) {
    const refuse = () => {
      throw new TypeError(name + ' is not here: what lasts beyond a message would make its output ' +
        'depend on others. Use a lookup table');
    };
    return {get: refuse, put: refuse, containsKey: refuse, remove: refuse};
  }

  // ------------------------------------------------------------------------- dates
  // Patterns as Java writes them: yyyy MM dd HH mm ss SSS, 'quoted'.
  const pad = (number, digits) => String(number).padStart(digits, '0');
  const parts = /yyyy|yy|MM|dd|HH|hh|mm|ss|SSS|a|Z|'[^']*'/g;
  const months = (d) => pad(d.getMonth() + 1, 2);
  function zone(d) {
    const minutes = -d.getTimezoneOffset();
    const size = Math.abs(minutes);
    return (minutes < 0 ? '-' : '+') + pad(Math.floor(size / 60), 2) + pad(size % 60, 2);
  }
  const writers = {
    __proto__: null,
    yyyy: (d) => pad(d.getFullYear(), 4),
    yy: (d) => pad(d.getFullYear() % 100, 2),
    MM: months,
    dd: (d) => pad(d.getDate(), 2),
    HH: (d) => pad(d.getHours(), 2),
    hh: (d) => pad(d.getHours() % 12 || 12, 2),
    mm: (d) => pad(d.getMinutes(), 2),
    ss: (d) => pad(d.getSeconds(), 2),
    SSS: (d) => pad(d.getMilliseconds(), 3),
    a: (d) => (d.getHours() < 12 ? 'AM' : 'PM'),
    Z: zone,
  };
  function formatDate(pattern, date) {
    return String(pattern).replace(parts, (part) =>
      part[0] === "'" ? part.slice(1, -1) || "'" : writers[part](date));
  }
  function parseDate(pattern, given) {
    const found = {yyyy: 1970, MM: 1, dd: 1, HH: 0, mm: 0, ss: 0, SSS: 0};
    let rest = String(given);
    let at = 0;
    const wrong = () => new RangeError("the date does not have the form '" + pattern + "'");
    const literal = (piece) => {
      if (!rest.startsWith(piece)) throw wrong();
      rest = rest.slice(piece.length);
    };
    for (const match of String(pattern).matchAll(parts)) {
      literal(pattern.slice(at, match.index));
      at = match.index + match[0].length;
      const part = match[0];
      if (part[0] === "'") {
        literal(part.slice(1, -1) || "'");
        continue;
      }
      if (!(part in found)) throw new RangeError("'" + part + "' cannot be read");
      const digits = rest.slice(0, part.length);
      if (digits.length !== part.length || !/^[0-9]+$/.test(digits)) throw wrong();
      found[part] = Number(digits);
      rest = rest.slice(part.length);
    }
    return new SystemDate(found.yyyy, found.MM - 1, found.dd, found.HH, found.mm, found.ss, found.SSS);
  }
  const DateUtil = {
    formatDate: (pattern, date) => formatDate(pattern, date),
    getDate: (pattern, given) => parseDate(pattern, given),
    getCurrentDate: (pattern) => formatDate(pattern, new SystemDate(host.now())),
    convertDate: (from, to, given) => formatDate(to, parseDate(from, given)),
  };

  // ------------------------------------------------------------------------- what scripts see
  const note = (level) => (given) => host.note(level, String(given));
  const seen = {
    msg: message,
    tmp: message,
    channelMap, connectorMap: channelMap, responseMap: channelMap, sourceMap,
    $c: ofMap, $co: ofMap, $r: ofMap, $: anyMap, $s: (key) => sourceMap.get(key),
    globalMap: lasting('globalMap'),
    globalChannelMap: lasting('globalChannelMap'),
    $g: lasting('globalMap').get,
    $gc: lasting('globalChannelMap').get,
    logger: {info: note('info'), warn: note('warning'), error: note('error'), debug: note('debug')},
    DateUtil,
    lookup: (table, ...key) => host.lookup(String(table), ...key.map(String)),
    each: (given) => given[Symbol.iterator] ? Array.from(given) : [],
    createSegment: (id) => add(id),
    createSegmentAfter: (id, after) => add(id, after),
    validate: (value, otherwise, replacement) => {
      let result = value === undefined || value === null || String(value) === ''
        ? otherwise : String(value);
      if (typeof result !== 'string') return result;
      for (const [pattern, by] of replacement || [])
        result = result.replace(new RegExp(pattern, 'g'), by);
      return result;
    },
  };
  for (const name of Object.keys(seen))
    Object.defineProperty(globalThis, name, {value: seen[name], enumerable: true});

  // ------------------------------------------------------------------------- nothing lasts
  // A frozen toString would keep an object of a script from having its own.
  const overridden = ['toString', 'toLocaleString', 'valueOf', 'constructor', 'name', 'message'];
  function keepAssignable(prototype) {
    for (const name of overridden) {
      const own = Object.getOwnPropertyDescriptor(prototype, name);
      if (own === undefined || !('value' in own) || !own.configurable) continue;
      const {value} = own;
      Object.defineProperty(prototype, name, {
        get() { return value; },
        set(given) {
          if (this === prototype) throw new TypeError('what every message shares cannot be changed');
          Object.defineProperty(this, name,
            {value: given, writable: true, enumerable: true, configurable: true});
        },
        enumerable: false, configurable: false,
      });
    }
  }
  for (const type of [Object, Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError,
    URIError, Array, Function]) keepAssignable(type.prototype);

  const frozen = new Set();
  const waiting = [seen.$c, Object.getPrototypeOf(function* () {}),
    Object.getPrototypeOf(async function () {}), Object.getPrototypeOf([][Symbol.iterator]()),
    Object.getPrototypeOf(''.matchAll(/x/g)), Object.getPrototypeOf(new Map().entries()),
    Object.getPrototypeOf(new Set().entries()), Object.getPrototypeOf(''[Symbol.iterator]()),
    ScriptMap.prototype];
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const own = Object.getOwnPropertyDescriptor(globalThis, name);
    if ('value' in own) waiting.push(own.value);
    if (own.configurable && name !== 'globalThis')
      Object.defineProperty(globalThis, name, 'value' in own
        ? {value: own.value, writable: false, enumerable: own.enumerable, configurable: false}
        : {configurable: false});
  }
  while (waiting.length > 0) {
    const each = waiting.pop();
    if (each === null || (typeof each !== 'object' && typeof each !== 'function')) continue;
    if (each === globalThis || each === message || frozen.has(each)) continue;
    frozen.add(each);
    waiting.push(Object.getPrototypeOf(each));
    for (const key of Reflect.ownKeys(each)) {
      const own = Object.getOwnPropertyDescriptor(each, key);
      waiting.push('value' in own ? own.value : own.get, own.set);
    }
    Object.freeze(each);
  }

  // What the program calls before each message.
  return function begin() { values = new Map(); };
})
