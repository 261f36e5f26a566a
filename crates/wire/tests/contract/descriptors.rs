//! The descriptors that reflection answers from.

use prost::Message;
use prost_types::FileDescriptorSet;

#[test]
fn the_descriptors_decode_and_name_every_service() {
    let set = FileDescriptorSet::decode(wire::DESCRIPTORS).unwrap();
    let mut services: Vec<_> = set
        .file
        .iter()
        .flat_map(|file| {
            let package = file.package();
            file.service.iter().map(move |service| format!("{package}.{}", service.name()))
        })
        .collect();
    services.sort();
    let expected = [
        "meridian.accounts.v1.AccountService",
        "meridian.cancellations.v1.CancellationService",
        "meridian.events.v1.EventService",
        "meridian.orders.v1.OrderService",
        "meridian.payments.v1.PaymentService",
        "meridian.refunds.v1.RefundService",
        "meridian.stores.v1.StoreService",
        "meridian.webhooks.v1.WebhookService",
    ];
    assert_eq!(services, expected);
}

#[test]
fn every_import_is_in_the_set_and_no_comment_is() {
    let set = FileDescriptorSet::decode(wire::DESCRIPTORS).unwrap();
    for file in &set.file {
        for import in &file.dependency {
            assert!(set.file.iter().any(|other| other.name() == import), "{import}");
        }
        assert!(file.source_code_info.is_none(), "{}", file.name());
    }
}

#[test]
fn reflection_serves_them_in_both_versions() {
    let builder = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(wire::DESCRIPTORS)
    };
    assert!(builder().build_v1().is_ok());
    assert!(builder().build_v1alpha().is_ok());
}

/// Packages import each other in one direction only, so that some states stand in two of them.
#[test]
fn states_that_stand_in_two_packages_are_the_same() {
    let set = FileDescriptorSet::decode(wire::DESCRIPTORS).unwrap();
    let values = |package: &str, name: &str| {
        let files = set.file.iter().filter(|file| file.package() == package);
        let mut enums = files.flat_map(|file| &file.enum_type);
        let found = enums.find(|it| it.name() == name).unwrap();
        let value =
            |it: &prost_types::EnumValueDescriptorProto| (it.name().to_owned(), it.number());
        found.value.iter().map(value).collect::<Vec<_>>()
    };
    for (name, package) in
        [("CancellationState", "meridian.cancellations.v1"), ("RefundState", "meridian.refunds.v1")]
    {
        assert_eq!(values("meridian.orders.v1", name), values(package, name));
    }
}
