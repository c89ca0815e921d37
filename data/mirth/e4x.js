// What scripts written for E4X need, in plain JavaScript: XML objects, and the same questions asked
// of the segments of a message. `sinew import mirth` puts it beside the scripts that call it.
// Source: ECMA-357 (E4X), as far as scripts of interfaces use it; names are compared without their
// namespaces, comments and white space between elements are left out.
var e4x = (function () {
  'use strict';
  const nodesMax = 1000000;
  const own = Symbol('xml');

  // ------------------------------------------------------------------------- elements and text
  class Element {
    constructor(name, parent) {
      this.name = name;
      this.parent = parent;
      this.attributes = new Map();
      this.children = []; // of Element and string
    }
  }
  const localName = (name) => name.slice(name.indexOf(':') + 1);
  const references = {lt: '<', gt: '>', amp: '&', quot: '"', apos: "'"};
  function unescape(text) {
    return text.replace(/&(#x[0-9a-fA-F]+|#[0-9]+|[a-z]+);/g, (whole, name) => {
      if (name[0] !== '#') return name in references ? references[name] : whole;
      const code = name[1] === 'x' ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    });
  }
  const escape = (value) => String(value === undefined || value === null ? '' : value)
    .replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

  // Text -> the list of what stands at the top.
  function parse(text) {
    const top = new Element('', null);
    let open = top;
    let count = 0;
    const piece = /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<\/([^\s>]*)\s*>|<([^\s\/>]*)((?:[^>"']|"[^"]*"|'[^']*')*?)(\/?)>|([^<]+)/y;
    while (piece.lastIndex < text.length) {
      const at = piece.lastIndex;
      const found = piece.exec(text);
      if (found === null) throw new SyntaxError('no XML at character ' + at);
      if (++count > nodesMax) throw new RangeError('the XML is too large');
      if (found[1] !== undefined) open.children.push(found[1]);
      else if (found[6] !== undefined) {
        if (found[6].trim() !== '') open.children.push(unescape(found[6]));
      } else if (found[2] !== undefined) {
        if (open.name !== found[2]) throw new SyntaxError('the end of ' + found[2] + ' is not expected');
        open = open.parent;
      } else if (found[3] !== undefined) {
        const element = new Element(found[3], open);
        for (const each of found[4].matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
          element.attributes.set(each[1], unescape(each[2] === undefined ? each[3] : each[2]));
        open.children.push(element);
        if (found[5] === '') open = element;
      }
    }
    if (open !== top) throw new SyntaxError('the end of ' + open.name + ' is missing');
    return top;
  }
  const isSpace = (child) => typeof child === 'string' && child.trim() === '';
  function print(item) {
    if (typeof item === 'string') return escape(item).replace(/&quot;/g, '"');
    let out = '<' + item.name;
    for (const [name, value] of item.attributes) out += ' ' + name + '="' + escape(value) + '"';
    if (item.children.length === 0) return out + '/>';
    return out + '>' + item.children.map(print).join('') + '</' + item.name + '>';
  }
  const elementsOf = (item) => typeof item === 'string' ? []
    : item.children.filter((each) => each instanceof Element);
  function textOf(items) {
    if (items.length === 1) {
      const item = items[0];
      if (typeof item === 'string') return item;
      if (elementsOf(item).length === 0) return item.children.join('');
      return print(item);
    }
    return items.map((each) => typeof each === 'string' ? each : print(each)).join('');
  }
  function below(item, name) {
    const found = [];
    const waiting = elementsOf(item).reverse();
    while (waiting.length > 0) {
      const each = waiting.pop();
      if (name === '*' || localName(each.name) === name) found.push(each);
      waiting.push(...elementsOf(each).reverse());
    }
    return found;
  }
  function copyOf(item, parent) {
    if (typeof item === 'string') return item;
    const copy = new Element(item.name, parent);
    for (const [name, value] of item.attributes) copy.attributes.set(name, value);
    copy.children = item.children.map((each) => copyOf(each, copy));
    return copy;
  }
  // What is put into an element: XML is copied, all else is text.
  function asChildren(value, parent) {
    if (isXml(value)) return value[own].items.map((each) => copyOf(each, parent));
    const text = value === undefined || value === null ? '' : String(value);
    return text === '' ? [] : [text];
  }

  // ------------------------------------------------------------------------- lists
  // A list of one element is that element, as in E4X. `from` says where an assignment goes when the
  // list is empty.
  class List {
    constructor(items, from, name) {
      this.items = items;
      this.from = from;
      this.name = name;
    }
  }
  const wrap = (items, from, name) => new Proxy(new List(items, from, name), handler);
  const isXml = (value) => value !== null && typeof value === 'object' && value[own] !== undefined;
  const isIndex = (key) => /^[0-9]+$/.test(key);
  function member(list, name) {
    if (name === '@*') return list.items.flatMap((each) => [...(each.attributes || new Map()).values()]);
    if (name[0] === '@') {
      return list.items.flatMap((each) => typeof each === 'string' ? []
        : [...each.attributes].filter(([key]) => key === name.slice(1) || localName(key) === name.slice(1))
          .map(([, value]) => value));
    }
    return list.items.flatMap((each) => elementsOf(each)
      .filter((child) => name === '*' || localName(child.name) === name));
  }
  function only(list) {
    if (list.items.length === 1 && list.items[0] instanceof Element) return list.items[0];
    // Assigning below what is not there makes it.
    if (list.items.length === 0 && list.from !== undefined && list.name !== undefined) {
      const parent = only(list.from);
      const element = new Element(list.name, parent);
      parent.children.push(element);
      list.items.push(element);
      return element;
    }
    throw new TypeError('this needs one element, and there are ' + list.items.length);
  }
  function insert(list, child, at) {
    const element = only(list);
    const added = asChildren(child, element);
    element.children.splice(at(element), 0, ...added);
    return wrap([element]);
  }
  const position = (element, child) => isXml(child) ? element.children.indexOf(child[own].items[0]) : -1;
  const methods = {
    __proto__: null,
    toString: (list) => () => textOf(list.items),
    toJSON: (list) => () => textOf(list.items),
    valueOf: (list) => () => textOf(list.items),
    toXMLString: (list) => () => list.items.map(print).join('\n'),
    length: (list) => () => list.items.length,
    name: (list) => () => only(list).name,
    localName: (list) => () => localName(only(list).name),
    setName: (list) => (name) => { only(list).name = String(name); },
    text: (list) => () => wrap(list.items.flatMap((each) => typeof each === 'string' ? [each]
      : each.children.filter((child) => typeof child === 'string'))),
    children: (list) => () => wrap(list.items.flatMap((each) => typeof each === 'string' ? []
      : each.children.filter((child) => !isSpace(child)))),
    elements: (list) => (name = '*') => wrap(member(list, String(name)), list),
    child: (list) => (key) => typeof key === 'number' || isIndex(String(key))
      ? wrap(list.items.flatMap((each) => each.children.slice(Number(key), Number(key) + 1)))
      : wrap(member(list, String(key)), list, String(key)),
    attribute: (list) => (name) => wrap(member(list, '@' + name), list),
    attributes: (list) => () => wrap(member(list, '@*'), list),
    descendants: (list) => (name = '*') => wrap(list.items.flatMap((each) => below(each, String(name)))),
    parent: (list) => () => {
      const above = list.items.length === 1 ? list.items[0].parent : null;
      return above === null || above === undefined || above.name === '' ? undefined : wrap([above]);
    },
    childIndex: (list) => () => {
      const element = only(list);
      return element.parent === null ? -1 : element.parent.children.indexOf(element);
    },
    hasOwnProperty: (list) => (name) => member(list, String(name)).length > 0,
    hasSimpleContent: (list) => () => list.items.every((each) => elementsOf(each).length === 0),
    hasComplexContent: (list) => () => list.items.some((each) => elementsOf(each).length > 0),
    nodeKind: (list) => () => list.items[0] instanceof Element ? 'element' : 'text',
    copy: (list) => () => wrap(list.items.map((each) => copyOf(each, null))),
    appendChild: (list) => (child) => insert(list, child, (element) => element.children.length),
    prependChild: (list) => (child) => insert(list, child, () => 0),
    insertChildAfter: (list) => (mark, child) => insert(list, child, (element) => position(element, mark) + 1),
    insertChildBefore: (list) => (mark, child) => insert(list, child,
      (element) => Math.max(0, position(element, mark))),
    setChildren: (list) => (child) => {
      const element = only(list);
      element.children = asChildren(child, element);
      return wrap([element]);
    },
    namespace: () => () => '', addNamespace: (list) => () => wrap(list.items),
    removeNamespace: (list) => () => wrap(list.items), normalize: (list) => () => wrap(list.items),
  };
  const handler = {
    get(list, key) {
      if (key === own) return list;
      if (key === Symbol.toPrimitive) return () => textOf(list.items);
      if (key === Symbol.iterator) return () => list.items.map((each) => wrap([each]))[Symbol.iterator]();
      if (typeof key === 'symbol') return undefined;
      const method = methods[key];
      if (method !== undefined) return method(list);
      if (isIndex(key)) return Number(key) < list.items.length ? wrap([list.items[Number(key)]]) : undefined;
      const found = member(list, key);
      if (found.length === 0 && typeof String.prototype[key] === 'function')
        return (...given) => String.prototype[key].apply(textOf(list.items), given);
      return wrap(found, list, key);
    },
    set(list, key, value) {
      if (typeof key === 'symbol') return false;
      if (isIndex(key) && list.from !== undefined) return replace(list, Number(key), value);
      const element = only(list);
      if (key[0] === '@') {
        element.attributes.set(key.slice(1), String(value));
        return true;
      }
      const there = elementsOf(element).filter((each) => localName(each.name) === key);
      const first = there[0] || new Element(key, element);
      if (there.length === 0) element.children.push(first);
      element.children = element.children.filter((each) => each === first || !there.includes(each));
      const given = asChildren(value, element);
      const isSame = given.length > 0 && given[0] instanceof Element && localName(given[0].name) === key;
      if (isSame) element.children.splice(element.children.indexOf(first), 1, ...given);
      else first.children = asChildren(value, first);
      return true;
    },
    deleteProperty(list, key) {
      if (typeof key === 'symbol') return true;
      const gone = isIndex(key) ? list.items.slice(Number(key), Number(key) + 1) : member(list, key);
      for (const each of list.items) {
        if (key[0] === '@') each.attributes.delete(key.slice(1));
        else if (each instanceof Element && !isIndex(key))
          each.children = each.children.filter((child) => !gone.includes(child));
      }
      if (isIndex(key) && gone.length > 0 && gone[0].parent)
        gone[0].parent.children = gone[0].parent.children.filter((child) => child !== gone[0]);
      return true;
    },
    has: (list, key) => typeof key === 'string' && (isIndex(key) ? Number(key) < list.items.length
      : member(list, key).length > 0),
    ownKeys: (list) => list.items.map((none, index) => String(index)),
    getOwnPropertyDescriptor(list, key) {
      if (typeof key === 'symbol' || !isIndex(key) || Number(key) >= list.items.length) return undefined;
      return {value: wrap([list.items[Number(key)]]), writable: true, enumerable: true, configurable: true};
    },
  };
  // list[index] = value
  function replace(list, index, value) {
    const parent = only(list.from);
    const was = list.items[index];
    const given = asChildren(value, parent);
    const isElement = given.length > 0 && given[0] instanceof Element;
    if (was instanceof Element && !isElement) was.children = asChildren(value, was);
    else if (was !== undefined) parent.children.splice(parent.children.indexOf(was), 1, ...given);
    else if (isElement) parent.children.push(...given);
    else {
      const added = new Element(list.name, parent);
      added.children = given;
      parent.children.push(added);
    }
    return true;
  }

  // ------------------------------------------------------------------------- what scripts call
  function xml(value) {
    if (isXml(value)) return value;
    const top = parse(String(value === undefined || value === null ? '' : value));
    const first = top.children.find((each) => each instanceof Element);
    if (first !== undefined) first.parent = null;
    return wrap(first === undefined ? top.children : [first]);
  }
  function list(value) {
    if (isXml(value)) return value;
    const text = String(value === undefined ? '' : value);
    return wrap(parse(text.startsWith('<>') ? text.slice(2, -3) : text).children);
  }
  function each(value) {
    if (value === undefined || value === null) return [];
    if (typeof value === 'string') return Array.from(value);
    return typeof value[Symbol.iterator] === 'function' ? Array.from(value) : Object.values(value);
  }
  function descendants(value, name) {
    if (isXml(value)) return value.descendants(name);
    const wanted = String(name);
    // Of a message: segments by their name, fields by that of their segment.
    if (/^[A-Z][A-Z0-9]{2}$/.test(wanted)) return value[wanted];
    const path = wanted.split('.');
    const field = path.slice(0, 2).join('.');
    const fields = typeof value.name === 'function' ? [value[wanted]] : each(value[path[0]])
      .map((segment) => path.length > 2 ? segment[field][wanted] : segment[wanted]);
    return many(fields.flatMap((found) => each(found)));
  }
  // Some of the places of a message, as a list of E4X.
  function many(items) {
    return new Proxy(items, {
      get(all, key) {
        if (key === 'length') return () => all.length;
        if (key === Symbol.iterator) return () => all[Symbol.iterator]();
        if (key === 'toString' || key === Symbol.toPrimitive) return () => all.map(String).join('');
        if (typeof key === 'symbol') return undefined;
        if (isIndex(key)) return all[Number(key)];
        return all.length === 1 ? all[0][key] : many(all.flatMap((item) => each(item[key])));
      },
    });
  }
  function where(value, test) {
    const found = each(value).filter((item) => test(item));
    return isXml(value) ? wrap(found.flatMap((item) => item[own].items)) : many(found);
  }

  class ArrayList {
    constructor(given) { this.values = given === undefined ? [] : each(given); }
    add(value) { this.values.push(value); return true; }
    get(index) { return this.values[index]; }
    set(index, value) { this.values[index] = value; }
    size() { return this.values.length; }
    isEmpty() { return this.values.length === 0; }
    contains(value) { return this.values.some((item) => String(item) === String(value)); }
    remove(index) { return this.values.splice(index, 1)[0]; }
    clear() { this.values = []; }
    toArray() { return this.values.slice(); }
    iterator() { let at = 0; return {hasNext: () => at < this.values.length, next: () => this.values[at++]}; }
    toString() { return '[' + this.values.join(', ') + ']'; }
    [Symbol.iterator]() { return this.values[Symbol.iterator](); }
  }
  class HashMap {
    constructor() { this.values = new Map(); }
    put(key, value) { this.values.set(String(key), value); return value; }
    get(key) { const found = this.values.get(String(key)); return found === undefined ? null : found; }
    containsKey(key) { return this.values.has(String(key)); }
    remove(key) { const was = this.get(key); this.values.delete(String(key)); return was; }
    size() { return this.values.size; }
    isEmpty() { return this.values.size === 0; }
    keySet() { return new ArrayList([...this.values.keys()]); }
  }
  const hex = (digits) => Array.from({length: digits}, () => Math.floor(Math.random() * 16).toString(16)).join('');
  const uuid = () => hex(8) + '-' + hex(4) + '-4' + hex(3) + '-a' + hex(3) + '-' + hex(12);

  // The destinations that a message still has: each asks before it sends.
  const removedKey = 'mirth.destinations.removed';
  const names = (given) => each(typeof given === 'string' || typeof given === 'number' ? [given] : given).map(String);
  function take(test) {
    const before = channelMap.get(removedKey) || [];
    channelMap.put(removedKey, before.concat([test]));
    return true;
  }
  const destinationSet = {
    remove: (given) => { const gone = names(given); return take((known) => known.some((name) => gone.includes(name))); },
    removeAllExcept: (given) => {
      const kept = names(given);
      return take((known) => !known.some((name) => kept.includes(name)));
    },
    removeAll: () => take(() => true),
  };
  // `known`: the destination's name, and its number in Mirth.
  const keeps = (...known) =>
    !(channelMap.get(removedKey) || []).some((test) => test(known.map(String)));

  return {
    xml, list, each, descendants, where, escape, uuid, ArrayList, HashMap, destinationSet, keeps,
    attributes: (value, name) => {
      const all = isXml(value) ? value.descendants('*') : value;
      return wrap([...member(value[own], '@' + name), ...member(all[own], '@' + name)]);
    },
    content: (value) => isXml(value) ? value.toXMLString() : escape(value),
    length: (value) => value === undefined || value === null ? 0
      : typeof value.length === 'function' ? value.length() : value.length === undefined ? 1 : value.length,
    configuration: (key) => lookup('configuration', key),
    parseBoolean: (value) => String(value).toLowerCase() === 'true',
    Namespace: function Namespace(given) { this.uri = String(given); },
    UUIDGenerator: {getUUID: uuid},
    Lists: {list: () => new ArrayList()},
    Maps: {map: () => new HashMap()},
  };
})();
