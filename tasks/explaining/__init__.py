"""Where in images the scores of cases come from, case by case: maps, their checks, nearest training cases, the page."""
