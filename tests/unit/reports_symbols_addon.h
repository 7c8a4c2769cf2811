// reports_symbols_addon.h: what the test of the symboliser knows of reports_symbols_addon.c.
#define REPORTS_SYMBOLS_INNER_LINE 100
#define REPORTS_SYMBOLS_OUTER_LINE 200

extern int reports_symbols_variable[4];

// The return address of a call within a function that is inlined into this one.
void *reports_symbols_outer(void);
