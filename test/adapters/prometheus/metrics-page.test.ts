/** The table of migration-guide/metrics.md, against what a process that does everything really exposes. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import { read } from '../../support/repository'
import { busyApp } from './support/busy-app'
import { type Family, Scrape } from './support/scrape'

const units = ['seconds', 'bytes', 'ratio']

describe('metrics page: its table', () => {
  it('has every metric of a process with its type, labels, unit and help text, and no other', async () => {
    const { port } = await busyApp()
    const scrape = await Scrape.of(port)

    const rows = read('migration-guide/metrics.md')
      .split('<!-- metrics -->')[1]!
      .split('<!-- end -->')[0]!
      .split('\n')
      .filter((line) => line.startsWith('| `'))

    assert.deepEqual(rows, scrape.families.map(rowOf))
  })
})

function rowOf({ name, type, help, metrics }: Family): string {
  const labels = [...new Set(metrics.flatMap((sample) => Object.keys(sample.labels ?? {})))]
  const unit = units.find((one) => name.split('_').includes(one)) ?? ''
  return `| \`${name}\` | ${type.toLowerCase()} | ${labels.map((one) => `\`${one}\``).join(', ')} | ${unit} | ${help} |`
}
