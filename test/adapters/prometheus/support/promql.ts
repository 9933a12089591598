/** What a PromQL expression asks for: metrics with their label matchers, labels it groups by, functions. A small tokenizer, no parser. */

export interface Selector {
  readonly metric: string
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[]
  /** `[5m]` follows. */
  readonly isRange: boolean
}

export interface Query {
  readonly selectors: readonly Selector[]
  readonly groupedBy: readonly string[]
  readonly functions: readonly string[]
}

const token =
  /\s+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[a-zA-Z_:][a-zA-Z0-9_:]*|\d+(?:\.\d+)?[a-z]*|\$\w+|=~|!~|!=|==|>=|<=|[-+*/%^<>=(){}[\],]/y
const grouping = ['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']
const operators = ['and', 'or', 'unless', 'bool', 'offset']

/** @throws Error where the text is no PromQL, as far as tokens tell. */
export function readQuery(text: string): Query {
  const tokens = tokensOf(text)
  const selectors: Selector[] = []
  const groupedBy: string[] = []
  const functions: string[] = []
  let index = 0
  const take = (expected?: string): string => {
    const next = tokens[index++]
    if (next === undefined || (expected !== undefined && next !== expected))
      throw new Error(`${expected ?? 'more'} expected instead of ${next ?? 'the end'} in ${text}`)
    return next
  }
  while (index < tokens.length) {
    const word = take()
    if (!/^[a-zA-Z_:]/.test(word) || operators.includes(word)) continue
    if (grouping.includes(word)) {
      take('(')
      for (let label = take(); label !== ')'; label = take()) if (label !== ',') groupedBy.push(label)
    } else if (tokens[index] === '(' || grouping.includes(tokens[index] ?? '')) functions.push(word)
    else selectors.push(selectorOf(word))
  }
  return { selectors, groupedBy, functions }

  function selectorOf(metric: string): Selector {
    const matchers: { label: string; operator: string; value: string }[] = []
    if (tokens[index] === '{') {
      take('{')
      for (let label = take(); label !== '}'; label = take()) {
        if (label === ',') continue
        matchers.push({ label, operator: take(), value: take().slice(1, -1) })
      }
    }
    const isRange = tokens[index] === '['
    if (isRange) for (let part = take(); part !== ']'; part = take());
    return { metric, matchers, isRange }
  }
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = []
  const depth: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < text.length) {
    const at = token.lastIndex
    const [found] = token.exec(text) ?? []
    if (found === undefined) throw new Error(`"${text.slice(at, at + 10)}" is no token in ${text}`)
    if ('([{'.includes(found)) depth.push(found)
    if (')]}'.includes(found) && !['()', '[]', '{}'].includes(`${depth.pop()}${found}`))
      throw new Error(`${found} without its other half in ${text}`)
    if (found.trim() !== '') tokens.push(found)
  }
  if (depth.length > 0) throw new Error(`${depth.pop()} without its other half in ${text}`)
  return tokens
}
