/**
 * Writes the generated part of migration-guide/errors.md from the definitions in the source: each `defineError`
 * with its doc comment, message and advice, and each `warnOnce` with its message.
 *
 *     node .ci/write-errors-page.mjs            writes the page
 *     node .ci/write-errors-page.mjs --print    prints what the page should be and writes nothing
 *     node .ci/write-errors-page.mjs --list     prints the definitions as JSON
 *
 * Facts appear as {name}: the page shows the sentence, not how it is computed.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'

const root = join(import.meta.dirname, '..')
const page = join(root, 'migration-guide/errors.md')
const begin = '<!-- begin: written by node .ci/write-errors-page.mjs -->'
const end = '<!-- end -->'

const definitions = sourceFiles().flatMap(definitionsIn)
if (process.argv.includes('--list')) console.log(JSON.stringify(definitions, null, 2))
else if (process.argv.includes('--print')) process.stdout.write(renewed(readFileSync(page, 'utf8')))
else writeFileSync(page, renewed(readFileSync(page, 'utf8')))

function sourceFiles() {
  return ['src', 'adapters'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name))
      .sort(),
  )
}

/** `{ kind, code, room, file, line, name, status, about, message, fix }` per definition. */
function definitionsIn(file) {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  )
  const found = []
  const visit = (node) => {
    if (ts.isClassDeclaration(node)) {
      const call = node.heritageClauses?.[0]?.types[0]?.expression
      if (call !== undefined && isCallOf(call, 'defineError')) found.push(errorFrom(node, call))
    } else if (isCallOf(node, 'warnOnce')) found.push(warningFrom(node))
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found

  function errorFrom(node, { arguments: [code, definition] }) {
    const part = (name) => definition?.properties?.find((one) => one.name?.text === name)
    return {
      kind: 'error',
      ...place(node, code),
      name: node.name?.text ?? '',
      status: Number(part('status')?.initializer.text ?? 500),
      about: ts
        .getJSDocCommentsAndTags(node)
        .map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? '')
        .join(' ')
        .replaceAll(/\s+/g, ' '),
      message: sentence(part('what')),
      fix: sentence(part('fix')),
    }
  }

  function warningFrom(node) {
    return { kind: 'warning', ...place(node, node.arguments[0]), message: sentence(node.arguments[1]) }
  }

  function place(node, code) {
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1
    if (code === undefined || !ts.isStringLiteralLike(code)) {
      console.error(`${file}:${line} gives its code as ${code?.getText()}; write it as a literal string.`)
      process.exit(1)
    }
    const [top, room] = file.split('/')
    return { code: code.text, room: top === 'adapters' ? `adapters/${room}` : room, file, line }
  }
}

function isCallOf(node, name) {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === name
}

/** The text of a string, template, concatenation or choice of them; `${f.task}` becomes `{task}`. */
function sentence(node) {
  if (node === undefined) return ''
  if (ts.isPropertyAssignment(node)) return sentence(node.initializer)
  if (ts.isMethodDeclaration(node) || (ts.isArrowFunction(node) && ts.isBlock(node.body)))
    return sentence(returned(node.body))
  if (ts.isArrowFunction(node)) return sentence(node.body)
  if (ts.isParenthesizedExpression(node)) return sentence(node.expression)
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node))
    return (
      node.head.text +
      node.templateSpans.map((span) => sentence(span.expression) + span.literal.text).join('')
    )
  if (ts.isBinaryExpression(node)) return sentence(node.left) + sentence(node.right)
  if (ts.isConditionalExpression(node)) return sentence(node.whenTrue) || sentence(node.whenFalse)
  return `{${factIn(node) ?? (ts.isCallExpression(node) ? node.arguments[0]?.getText() : node.getText())}}`
}

function returned(body) {
  return body?.statements.findLast(ts.isReturnStatement)?.expression
}

/** The first `f.name` within an expression such as `inspect(f.given, { depth: 1 })`. */
function factIn(node) {
  if (ts.isPropertyAccessExpression(node) && /^(f|facts|this)$/.test(node.expression.getText()))
    return node.name.text
  return ts.forEachChild(node, factIn)
}

function renewed(text) {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from === -1 || to < from) {
    console.error(`${relative(process.cwd(), page)} lacks the markers "${begin}" and "${end}".`)
    process.exit(1)
  }
  return `${text.slice(0, from + begin.length)}\n\n${generated()}\n${text.slice(to)}`
}

function generated() {
  const rooms = [...new Set(definitions.filter(isError).map(({ room }) => room))]
  const warnings = definitions.filter((one) => !isError(one)).sort((a, b) => (a.code < b.code ? -1 : 1))
  const sections = rooms.map((room) =>
    section(
      `## ${room}`,
      definitions.filter((one) => isError(one) && one.room === room),
    ),
  )
  if (warnings.length > 0) sections.push(section('## Warnings', warnings))
  return sections.join('\n')
}

function isError({ kind }) {
  return kind === 'error'
}

function section(heading, entries) {
  return `${heading}\n\n${entries.map((one) => (isError(one) ? errorEntry(one) : warningEntry(one))).join('\n')}`
}

function errorEntry({ code, name, status, about, message, fix }) {
  return `### ${code}\n\n\`${name}\`, status ${status}. ${about}\n\n> ${escaped(message)}\n\nWhat to do: ${escaped(fix)}\n`
}

function warningEntry({ code, room, message }) {
  return `### ${code}\n\nGiven once per process, by ${room}.\n\n> ${escaped(message)}\n`
}

/** On one line; `<` would begin an HTML tag. */
function escaped(text) {
  return text.replaceAll('<', '&lt;').replaceAll(/\s+/g, ' ').trim()
}
