use crate::build::{File, NOON, opinion, order, said};
use domain::{
    order::{Order, Personal},
    screening::{Finding, Verdict},
};
use screening::{ListSource, ProhibitedGoods};

const RULES: &str = "without_code = \"REVIEW\"\n\
    [[rule]]\nname = \"arms\"\nhs_prefix = \"93\"\ndestinations = [\"*\"]\neffect = \"PROHIBIT\"\n\
    [[rule]]\nname = \"spirits\"\nhs_prefix = \"22.08\"\ndestinations = [\"SA\", \"KW\"]\neffect = \"PROHIBIT\"\n\
    [[rule]]\nname = \"tobacco\"\nhs_prefix = \"24\"\ndestinations = [\"DE\"]\neffect = \"WARN\"\n";

fn of(code: Option<&str>, destination: &str) -> Order {
    let mut order = order("O-1", NOON);
    order.lines[0].hs_code = code.map(str::to_owned);
    destination.clone_into(&mut order.destination_country);
    order
}

#[tokio::test]
async fn goods_are_found_by_code_and_destination() {
    let file = File::new("goods.toml", RULES);
    let goods = ProhibitedGoods::open(file.source()).unwrap();
    for (code, destination, verdict, rule) in [
        (Some("6109.10"), "DE", Verdict::Clear, None),
        (Some("9303.20"), "DE", Verdict::Failed, Some("arms")),
        (Some("93 03 20"), "US", Verdict::Failed, Some("arms")),
        (Some("0093"), "US", Verdict::Clear, None),
        (Some("220830"), "SA", Verdict::Failed, Some("spirits")),
        (Some("220830"), "DE", Verdict::Clear, None),
        (Some("2402.20"), "DE", Verdict::Clear, Some("tobacco")),
        (Some("2402.20"), "FR", Verdict::Clear, None),
        (None, "DE", Verdict::Review, Some("without-code")),
        (Some("..."), "DE", Verdict::Review, Some("without-code")),
    ] {
        let seen = said(&goods, &of(code, destination), &Personal::default()).await;
        assert_eq!(
            seen,
            (verdict, rule.into_iter().map(str::to_owned).collect()),
            "{code:?} {destination}"
        );
    }
    let mut two = of(Some("9303"), "DE");
    two.lines.push(two.lines[0].clone());
    two.lines[1].cart_item_id = "L2".into();
    two.lines[1].hs_code = None;
    let findings = opinion(&goods, &two, &Personal::default()).await;
    assert_eq!(findings.verdict, Verdict::Failed);
    assert_eq!(findings.findings[0].text, "line L1: 93 may not go to DE");
    assert_eq!(findings.findings[1].text, "line L2 has no customs code");
}

#[tokio::test]
async fn a_prohibition_is_told_before_any_number_of_warnings() {
    let file = File::new("goods.toml", RULES);
    let goods = ProhibitedGoods::open(file.source()).unwrap();
    let mut order = of(Some("2402"), "DE");
    let warned = order.lines[0].clone();
    order.lines = vec![warned; Finding::MAX];
    order.lines.push(of(None, "DE").lines.remove(0));
    order.lines.push(of(Some("9303"), "DE").lines.remove(0));
    let (verdict, named) = said(&goods, &order, &Personal::default()).await;
    assert_eq!((verdict, named.len()), (Verdict::Failed, Finding::MAX + 2));
    assert_eq!(named[..3], ["arms", "without-code", "tobacco"]);
}

#[test]
fn every_fault_of_a_file_is_named() {
    let wrong = "[[rule]]\nname = \"a\"\nhs_prefix = \"..\"\ndestinations = []\neffect = \"WARN\"\n\
                 [[rule]]\nname = \"b\"\nhs_prefix = \"1\"\ndestinations = [\"de\"]\neffect = \"WARN\"\n";
    let file = File::new("goods.toml", wrong);
    let error = ProhibitedGoods::open(file.source()).err().unwrap().to_string();
    for expected in [
        "rule 1 (a) has no customs code",
        "rule 1 (a) has no destination",
        "rule 2 (b) has the destination \"de\"",
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn the_demo_has_rules() {
    let goods = ProhibitedGoods::open(ListSource::Demo).unwrap();
    let seen = said(&goods, &of(Some("9303"), "US"), &Personal::default()).await;
    assert_eq!(seen, (Verdict::Failed, vec!["arms-and-ammunition".to_owned()]));
    assert_eq!(said(&goods, &of(None, "US"), &Personal::default()).await.0, Verdict::Clear);
}
