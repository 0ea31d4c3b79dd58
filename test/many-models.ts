import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKOUT } from '../platform/config.ts'

/**
 * Writes a project of made-up models, alike to the real ones in size: one of five counts staging by day and merchant, the
 * others read the one before and, one of three of them, also the last that reads staging.
 */
export function writeManyModels(folder: string, count: number): void {
  const models = join(folder, 'models')
  mkdirSync(models, { recursive: true })
  symlinkSync(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'))
  const numbers = Array.from({ length: count }, (_, nth) => nth)
  for (const nth of numbers) {
    const text = nth % STRIDE === 0 ? ofStaging(nth) : ofModels(nth)
    writeFileSync(join(models, `${nameOf(nth)}.ts`), text)
  }
  const imports = numbers.map((nth) => `import { ${nameOf(nth)} } from './${nameOf(nth)}.ts'\n`)
  writeFileSync(
    join(models, 'index.ts'),
    `${imports.join('')}import { stg_upi_transactions } from '${REAL}/staging/stg_upi_transactions.ts'

export const MODELS = [stg_upi_transactions, ${numbers.map(nameOf).join(', ')}]
`,
  )
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  const config = { extends: join(CHECKOUT, 'tsconfig.json'), include: [join(models, '*.ts')] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
}

const STRIDE = 5
const REAL = join(CHECKOUT, 'models')

function nameOf(nth: number): string {
  return `made_up_${nth}`
}

const IMPORTS = `import { sql } from 'kysely'
import { count, day, fraction, label, rupees } from '${REAL}/columns.ts'
import { model } from '${REAL}/engine/define-model.ts'
import { countDistinctWhere, countWhere, rate, sumWhere } from '${REAL}/expressions.ts'
`

function ofStaging(nth: number): string {
  return `${IMPORTS}import { stg_upi_transactions } from '${REAL}/staging/stg_upi_transactions.ts'

export const ${nameOf(nth)} = model('${nameOf(nth)}')
  .select((db, ref) =>
    db
      .with('counted', (q) =>
        q
          .selectFrom(ref(stg_upi_transactions, 't'))
          .where('t.merchant', 'is not', null)
          .select('t.txn_date as date')
          .select(({ ref: column, not }) => [
            column('t.merchant').$notNull().as('merchant'),
            countWhere(column('t.is_payment')).as('total_txns'),
            countWhere(column('t.is_payment'), column('t.is_success')).as('success_txns'),
            sumWhere(column('t.amount'), column('t.is_payment'), column('t.is_success')).as('amount'),
            sumWhere(column('t.amount'), not(column('t.is_payment'))).as('refund_amount'),
            countDistinctWhere(column('t.payer_key'), column('t.is_payment')).as('unique_payers'),
          ])
          .groupBy(['t.merchant', 't.txn_date']),
      )
      .selectFrom('counted as c')
      .select(['c.merchant', 'c.date', 'c.total_txns', 'c.success_txns', 'c.amount'])
      .select(['c.refund_amount', 'c.unique_payers'])
      .select(({ ref: column }) => rate(column('c.success_txns'), column('c.total_txns')).as('success_rate')),
  )
${promise(nth)}`
}

function ofModels(nth: number): string {
  const [before, base] = [nameOf(nth - 1), nameOf(nth - (nth % STRIDE))]
  const both = nth % STRIDE > 1 && nth % 3 === 0
  const imported = both ? [before, base] : [before]
  const join = both
    ? `
          .innerJoin(ref(${base}, 'b'), (on) =>
            on.onRef('b.merchant', '=', 'a.merchant').onRef('b.date', '=', 'a.date'),
          )`
    : ''
  const imports = imported.map((name) => `import { ${name} } from './${name}.ts'\n`).join('')
  return `${IMPORTS.replace('countDistinctWhere, countWhere, rate, sumWhere', 'rate')}${imports}
export const ${nameOf(nth)} = model('${nameOf(nth)}')
  .select((db, ref) =>
    db
      .with('summed', (q) =>
        q
          .selectFrom(ref(${before}, 'a'))${join}
          .select(['a.merchant', 'a.date'])
          .select(({ ref: column }) => [
            sql<string>\`sum(\${column('a.total_txns')})::bigint\`.as('total_txns'),
            sql<string>\`sum(\${column('a.success_txns')})::bigint\`.as('success_txns'),
            sql<string>\`sum(\${column('a.amount')})::numeric(38, 2)\`.as('amount'),
            sql<string>\`sum(\${column('${both ? 'b' : 'a'}.refund_amount')})::numeric(38, 2)\`.as('refund_amount'),
            sql<string>\`max(\${column('a.unique_payers')})\`.as('unique_payers'),
          ])
          .groupBy(['a.merchant', 'a.date']),
      )
      .selectFrom('summed as s')
      .select(['s.merchant', 's.date', 's.total_txns', 's.success_txns', 's.amount'])
      .select(['s.refund_amount', 's.unique_payers'])
      .select(({ ref: column }) => rate(column('s.success_txns'), column('s.total_txns')).as('success_rate')),
  )
${promise(nth)}`
}

function promise(nth: number): string {
  return `  .promise({
    kind: 'by day',
    about: 'Made up, number ${nth}.',
    tags: ['made-up'],
    grain: ['merchant', 'date'],
    day: 'date',
    columns: {
      merchant: label('VPA of the merchant.'),
      date: day('Business date.'),
      total_txns: count('Payments of any status.'),
      success_txns: count('Payments that succeeded.'),
      amount: rupees('Rupees of them.'),
      refund_amount: rupees('Rupees of the refunds.'),
      unique_payers: count('Different payers.'),
      success_rate: fraction('success ÷ total; null without payments.'),
    },
    checks: [
      {
        name: 'no more successes than payments',
        holds: (of) => sql\`\${of('success_txns')} <= \${of('total_txns')}\`,
      },
    ],
  })
`
}
