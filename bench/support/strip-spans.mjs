/**
 * A copy of dist/ as if spans had never been thought of: every question `point.idle` becomes `true` and what it decided
 * is settled, ends of spans that were never begun are taken out. Nothing else changes, so that what bench/telemetry.mjs
 * compares differs by the call sites alone. The telemetry room itself stays; nobody calls it.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * A copy of dist/, to load the same way as a stripped one.
 *
 * @returns `{ folder, remove }`
 */
export function copyBuild(name) {
  // Below the repository, so that it finds the same packages.
  const folder = join(root, '.tmp', `${name}-${process.pid}`)
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.on('exit', remove)
  cpSync(join(root, 'dist'), folder, { recursive: true })
  return { folder, remove }
}

/** @returns `{ folder, sites, remove }`: the copy, how many questions were settled, and what removes it. */
export function stripSpans() {
  const { folder, remove } = copyBuild('stripped')
  let sites = 0
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith('.js') || name.startsWith('src/telemetry/')) continue
    const path = join(folder, name)
    const text = readFileSync(path, 'utf8')
    if (!/\.idle\b/.test(text)) continue
    const stripped = strip(name, text)
    sites += stripped.sites
    writeFileSync(path, stripped.text)
  }
  // A renamed field would make this a comparison of two equal builds.
  if (sites < 10) throw new Error(`only ${sites} call sites of spans were found in dist/`)
  return { folder, sites, remove }
}

function strip(name, text) {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  let sites = 0
  const transform = (context) => {
    const { factory } = context
    const visit = (node) => {
      if (isIdle(node)) {
        sites += 1
        return factory.createTrue()
      }
      if (ts.isExpressionStatement(node) && isEndOfSpan(node.expression))
        return factory.createEmptyStatement()
      const visited = ts.visitEachChild(node, visit, context)
      if (ts.isConditionalExpression(visited) && isTrue(visited.condition)) return visited.whenTrue
      if (ts.isIfStatement(visited) && isTrue(visited.expression)) return visited.thenStatement
      return visited
    }
    return (file) => ts.visitNode(file, visit)
  }
  const { transformed } = ts.transform(source, [transform])
  return { text: ts.createPrinter().printFile(transformed[0]), sites }
}

/** `point.idle`, `this.#point.idle`, `world.point.idle`. */
function isIdle(node) {
  if (!ts.isPropertyAccessExpression(node) || node.name.text !== 'idle') return false
  const { expression } = node
  const owner = ts.isPropertyAccessExpression(expression) ? expression.name : expression
  return /point$/i.test(owner.text ?? '')
}

/** `this.#span?.end(...)` */
function isEndOfSpan(node) {
  return (
    ts.isCallExpression(node) &&
    ts.isPropertyAccessExpression(node.expression) &&
    node.expression.questionDotToken !== undefined &&
    node.expression.name.text === 'end' &&
    ts.isPropertyAccessExpression(node.expression.expression) &&
    node.expression.expression.name.text === '#span'
  )
}

function isTrue(node) {
  return node.kind === ts.SyntaxKind.TrueKeyword
}
