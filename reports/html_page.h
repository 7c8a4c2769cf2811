// html_page.h: the page of an HTML report up to its data, made from reports/html by bundle.mjs.
// Empty when the tool was built without the npm packages for it.
#ifndef NAPICHECK_REPORTS_HTML_PAGE_H
#define NAPICHECK_REPORTS_HTML_PAGE_H

extern const char nck_html_page[];

#endif
