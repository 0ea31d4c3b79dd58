import { expect, test } from 'vitest'
import { layOut } from './lay-out.ts'

test('SQL gets a line a column and a clause, and sub-queries are indented', () => {
  const sql = `with "a" as (select "x", round("y", 2) as "y" from "t" where "x" is distinct from 'from, where') select count(*) from "a"  inner join "b" on true`
  expect(layOut(sql)).toBe(`with "a" as (
  select
    "x",
    round("y", 2) as "y"
  from "t"
  where "x" is distinct from 'from, where'
)
select
  count(*)
from "a"
inner join "b" on true`)
})

test('a comment takes nothing with it', () => {
  const sql = `select "x" from "t" where "x" > 1 -- small ones
    and "y" = '-- no comment' /* nor
    here */ and "z" = E'it\\'s  --' `
  expect(layOut(sql)).toBe(`select
  "x"
from "t"
where "x" > 1   and "y" = '-- no comment'   and "z" = E'it\\'s  --'`)
})
