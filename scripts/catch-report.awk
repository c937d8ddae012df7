# Turns Catch2's XML report (version 2) into one line per test case, `ok program: name` or
# `not ok program: name`, the latter followed by the assertions that failed. A report that ends
# inside a test case belongs to a program that died there.

function unescaped(text) {
  gsub(/&lt;/, "<", text)
  gsub(/&gt;/, ">", text)
  gsub(/&quot;/, "\"", text)
  gsub(/&amp;/, "\\&", text)
  return text
}
function attribute(name) {
  if (!match($0, " " name "=\"[^\"]*\"")) return ""
  return unescaped(substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4))
}
function note(text) { details = details text "\n" }

/^ *<TestCase / { name = attribute("name"); details = ""; is_open = 1; next }
/^ *<\/TestCase>/ { is_open = 0; next }
/^ *<OverallResult / {
  if (attribute("success") == "true") print "ok " program ": " name
  else printf "not ok %s: %s\n%s", program, name, details
  next
}
/^ *<(Expression|Exception|Failure|FatalErrorCondition) / {
  what = attribute("type")
  if (what == "") { match($0, /[A-Z][A-Za-z]*/); what = substr($0, RSTART, RLENGTH) }
  note("  " attribute("filename") ":" attribute("line") ": " what)
  next
}
/^ *<Section / { note("  in section: " attribute("name")); next }
/^ *<Expanded>/ { note("    which is"); next }
/^ *<Info>/ { note("  told:"); next }
/^ *<Warning>/ { note("  warned:"); next }
/^ *<\/?[A-Z]/ { next }
is_open { sub(/^ +/, ""); note("    " unescaped($0)) }

END {
  if (is_open) printf "not ok %s: %s\n  died in it\n%s", program, name, details
}
