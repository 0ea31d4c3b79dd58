const root = document.body.dataset.root

// ── light or dark: what the system wants, until somebody says otherwise ──
const kept = (() => {
  try {
    return localStorage
  } catch {
    return {}
  }
})()
if (kept.upiTheme) document.documentElement.dataset.theme = kept.upiTheme
document.querySelector('.theme').addEventListener('click', () => {
  const isDark = getComputedStyle(document.documentElement).colorScheme.includes('dark')
  const theme = isDark ? 'light' : 'dark'
  document.documentElement.dataset.theme = theme
  kept.upiTheme = theme
})

// ── the graph: pointing at a model shows all it comes from and all it goes to ──
for (const graph of document.querySelectorAll('svg.graph')) {
  const edges = [...graph.querySelectorAll('.edge')]
  const nodes = [...graph.querySelectorAll('.node')]
  const reach = (id, near, far, found = new Set()) => {
    for (const edge of edges) {
      if (edge.dataset[near] !== id || found.has(edge)) continue
      found.add(edge)
      reach(edge.dataset[far], near, far, found)
    }
    return found
  }
  const show = (node) => {
    const id = node.dataset.id
    const lit = new Set([...reach(id, 'to', 'from'), ...reach(id, 'from', 'to')])
    const names = new Set([id, ...[...lit].flatMap(({ dataset }) => [dataset.from, dataset.to])])
    graph.classList.add('pointed')
    for (const edge of edges) edge.classList.toggle('lit', lit.has(edge))
    for (const each of nodes) each.classList.toggle('lit', names.has(each.dataset.id))
  }
  const hide = () => graph.classList.remove('pointed')
  for (const node of nodes) {
    node.addEventListener('pointerenter', () => show(node))
    node.addEventListener('pointerleave', hide)
    node.addEventListener('focus', () => show(node))
    node.addEventListener('blur', hide)
  }
}

// ── the search: models first, then columns; all words must be there ──
const input = document.querySelector('.search input')
const list = document.querySelector('.search ul')
const SHOWN_MAX = 12
const scoreOf = ({ name, in: model, about }, words) => {
  const all = `${name} ${model} ${about}`.toLowerCase()
  if (!words.every((word) => all.includes(word))) return 0
  const isNamed = words.every((word) => name.includes(word))
  return (isNamed ? 4 : 1) + (model === '' ? 2 : 0) + (name.startsWith(words[0]) ? 1 : 0)
}
const search = () => {
  const words = input.value
    .toLowerCase()
    .split(/[\s.]+/)
    .filter(Boolean)
  const found =
    words.length === 0 ? [] : window.SEARCH.map((entry) => [scoreOf(entry, words), entry])
  const best = found
    .filter(([score]) => score > 0)
    .sort(([a], [b]) => b - a)
    .slice(0, SHOWN_MAX)
  const items = best.map(([, entry]) => {
    const link = document.createElement('a')
    link.href = root + entry.href
    const name = document.createElement('b')
    name.textContent = entry.in === '' ? entry.name : `${entry.in}.${entry.name}`
    const about = document.createElement('small')
    about.textContent = entry.about
    link.append(name, about)
    const item = document.createElement('li')
    item.append(link)
    return item
  })
  if (words.length > 0 && items.length === 0) {
    const nothing = document.createElement('li')
    nothing.className = 'quiet'
    nothing.textContent = 'Nothing by that name.'
    items.push(nothing)
  }
  list.replaceChildren(...items)
  list.hidden = items.length === 0
}
input.addEventListener('input', search)
input.addEventListener('focus', search)
document.addEventListener('click', (event) => {
  if (!event.target.closest('.search')) list.hidden = true
})
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== input) {
    event.preventDefault()
    input.focus()
  }
  if (event.key === 'Escape') {
    list.hidden = true
    input.blur()
  }
  if (!event.target.closest?.('.search')) return
  const links = [...list.querySelectorAll('a')]
  const at = links.indexOf(document.activeElement)
  if (event.key === 'Enter' && at === -1) links[0]?.click()
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault()
    const next = links[at + (event.key === 'ArrowDown' ? 1 : -1)]
    ;(next ?? input).focus()
  }
})

// ── how long ago ──
const SPANS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
]
for (const time of document.querySelectorAll('time.ago')) {
  const age = Date.now() - Date.parse(time.dateTime)
  const [span, unit] = SPANS.find(([least]) => age >= least) ?? [1000, 's']
  time.title = time.textContent
  time.textContent = `${Math.max(0, Math.floor(age / span))} ${unit} ago`
}

// ── copy ──
for (const button of document.querySelectorAll('.copy')) {
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(button.parentElement.querySelector('code').textContent)
    button.textContent = 'copied'
  })
}
