"""Words that authors use in class, id, role and itemprop for the parts of a page, grouped by meaning."""

import re
from functools import lru_cache

GROUPS: dict[str, str] = {
    "navigation": "nav navbar navigation menu submenu megamenu mega menubar breadcrumb breadcrumbs crumbs crumb toc"
    " tab tabs tablist skip sitemap drawer hamburger",
    "pages": "pager pagination paging paginate prev previous next pagenav",
    "header": "header head masthead topbar top",
    "footer": "footer foot bottom colophon copyright legal disclaimer",
    "side": "sidebar side aside rail secondary widget widgets complementary column sticky",
    "related": "related relate recommend recommended recommendations recommendation similar more also trending popular"
    " latest recent upsell upsells crosssell cross viewed suggestions suggested suggestion readnext discover",
    "share": "share sharing shares social follow twitter facebook addthis sharedaddy sharethis connect",
    "comment": "comment comments disqus respond reply replies commentlist",
    "ad": "ad ads adv advert advertisement advertising sponsor sponsored sponsors promo promos promotion promotions"
    " outbrain taboola dfp",
    "consent": "cookie cookies consent gdpr onetrust didomi usercentrics privacy",
    "form": "newsletter subscribe subscription signup signin login logout register account search searchbox form forms"
    " field fields input optin email subscribebox cta",
    "meta": "meta byline author authors date time timestamp published dateline posted tag tags category categories"
    " label labels badge badges bio credit credits caption stats info",
    "person": "user users username usertitle userinfo nickname nick avatar gravatar profile profiles member members"
    " membership rank ranks karma reputation poster postprofile contributor moderator",
    "shop": "cart basket bag price prices pricing buy sku qty quantity stock shipping delivery variant variants option"
    " options swatch swatches wishlist checkout offers offer availability addtocart warranty",
    "review": "rating ratings review reviews stars star testimonial testimonials aggregaterating",
    "card": "card cards tile tiles item items grid list lists result results listing listings thumb thumbs thumbnail"
    " teaser teasers entries loop feed",
    "slide": "carousel slider slide slides swiper slick gallery owl marquee ticker",
    "overlay": "modal popup popover dialog overlay offcanvas dropdown tooltip toast flyout lightbox notification"
    " notice alert banner announcement",
    "hidden": "hidden hide collapse collapsed sr only visually invisible screen reader",
    "content": "content contents article articlebody post posts entry body text main maincontent story prose markdown"
    " richtext rich rte wysiwyg editor copy paragraph paragraphs page",
    "description": "description descriptions detail details desc summary abstract excerpt overview about intro",
    "title": "title titles heading headings headline subtitle name subheading",
    "control": "button buttons btn action actions toggle toolbar sort sorting filter filters facet facets control"
    " controls links link icon icons",
    "message": "message messages messagebody thread answer answers question questions bbcode usertext postbody"
    " postcontent bbwrapper topic",
    "question": "faq faqs accordion accordions qa panel panels",
    "specification": "spec specs specification specifications attribute attributes feature features property"
    " properties table data additional ingredients",
    "hero": "hero jumbotron lead cover splash",
    "product": "product products productdetail pdp item",
    "section": "section sections container wrapper row col block module component",
}
"""The groups and their words."""

BITS = {name: 1 << index for index, name in enumerate(GROUPS)}
_BIT_OF: dict[str, int] = {}
for _name, _words in GROUPS.items():
    for _word in _words.split():
        _BIT_OF[_word] = _BIT_OF.get(_word, 0) | BITS[_name]
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@lru_cache(maxsize=20_000)
def groups_of(names: str) -> int:
    """Return the groups of the words in the names, as bits."""
    bits = 0
    for part in _PARTS.findall(names):
        bits |= _BIT_OF.get(part.lower(), 0)
    return bits
