// no_page.c: stands for the bundled page where its npm packages are not installed.
#include "html_page.h"

const char nck_html_page[] = "";
