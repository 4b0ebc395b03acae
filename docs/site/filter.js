// Pages that say <input class="filter">: only rows of tables that hold every word typed stay, and headings that have some.
document.querySelectorAll("input.filter").forEach((field) => {
  const article = field.closest("article")
  const tables = [...article.querySelectorAll("table")]
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean)
    tables.forEach((table) => {
      let some = false
      table.querySelectorAll("tbody tr").forEach((row) => {
        const text = row.textContent.toLowerCase()
        row.hidden = !words.every((word) => text.includes(word))
        some ||= !row.hidden
      })
      const whole = table.closest(".md-typeset__scrollwrap") || table
      whole.hidden = !some
      const heading = whole.previousElementSibling
      if (heading && /^H[34]$/.test(heading.tagName)) heading.hidden = !some
    })
  })
})
