# SPDX-License-Identifier: MIT
"""``report.html``: one file that shows what report.json says, and in which the policy plays.

Every number in the page is one of report.json, and says which (``reading.Place``); all text is
escaped, as only :class:`markupsafe.Markup` made by ``markup.tag`` gets into the page as it is.
"""
